import type { Model } from "@espalier/contract";
import { useRef } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../elements/dialog.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";

/** Imports a model of the hub. A folder of one's own comes by the command line. */
export function ImportDialog() {
  const action = useAction<{ model: Model }>();
  const [, go] = useLocation();
  const hub = useRef<HTMLInputElement>(null);
  const name = useRef<HTMLInputElement>(null);
  const layers = useRef<HTMLInputElement>(null);
  if (!useMay("member")) return null;
  const submit = async (): Promise<void> => {
    const [repository = "", revision] = (hub.current?.value.trim().replace(/^hf:/, "") ?? "").split("@");
    const keep = layers.current?.value.trim();
    const source = { hub: repository, ...(revision && { revision }), ...(keep && { layers: Number(keep) }) };
    const wanted = name.current?.value.trim() || repository.split("/").at(-1)!.toLowerCase();
    const made = await action.mutateAsync({ verb: "POST", path: "models", json: { name: wanted, source } });
    go(`/models/${made.model.id}`);
  };
  return (
    <Dialog
      opener="Import a model"
      look="strong"
      title="Import a model of the hub"
      confirm="Import"
      error={action.error}
      onConfirm={submit}
    >
      <label>
        Repository
        <input ref={hub} required maxLength={400} placeholder="HuggingFaceTB/SmolLM2-135M" />
      </label>
      <label>
        Name
        <input ref={name} maxLength={100} placeholder="as the repository" />
      </label>
      <label>
        Layers to keep
        <input ref={layers} type="number" min={1} max={10_000} placeholder="all" />
      </label>
    </Dialog>
  );
}
