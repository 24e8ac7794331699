import type { ExportFormat, Model, Run } from "@espalier/contract";
import { useRef } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../elements/dialog.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./export-dialog.module.css";

const formats: { readonly [Format in ExportFormat]: string } = {
  safetensors: "transformers",
  "sentence-transformers": "sentence-transformers",
  onnx: "ONNX Runtime and transformers.js",
  peft: "PEFT: the adapter alone",
};

/** Submits a run that writes a model in the formats of other tools. */
export function ExportDialog({ model: { id, name } }: { model: Model }) {
  const action = useAction<Run>();
  const [, go] = useLocation();
  const form = useRef<HTMLFieldSetElement>(null);
  if (!useMay("member")) return null;
  const submit = async (): Promise<void> => {
    const chosen = [...(form.current?.querySelectorAll<HTMLInputElement>("input:checked") ?? [])].map(
      ({ value }) => value,
    );
    const run = await action.mutateAsync({
      verb: "POST",
      path: "runs",
      json: { spec: { kind: "export", model: id, formats: chosen, name: `${name}-export` } },
    });
    go(`/runs/${run.id}`);
  };
  return (
    <Dialog
      opener="Export"
      look="plain"
      title={`Export ${name}`}
      confirm="Export"
      error={action.error}
      onConfirm={submit}
    >
      <fieldset ref={form} className={classes.formats}>
        <legend>For</legend>
        {(Object.keys(formats) as ExportFormat[]).map((format) => (
          <label key={format}>
            <input type="checkbox" value={format} defaultChecked={format === "safetensors"} />{" "}
            {formats[format]} <code>{format}</code>
          </label>
        ))}
      </fieldset>
      <p>
        The files are listed by the run when it has succeeded. A format that the model cannot have fails it,
        and says why.
      </p>
    </Dialog>
  );
}
