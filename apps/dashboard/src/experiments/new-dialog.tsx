import type { Dataset, Experiment, Model, Page } from "@espalier/contract";
import { useRef } from "react";
import { Link, useLocation } from "wouter";
import { useResource } from "../api/use-resource.ts";
import { Dialog } from "../elements/dialog.tsx";
import { many } from "../elements/format.ts";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";
import classes from "./new-dialog.module.css";

const usualVariants = "none, large, small";

/** Submits an experiment: a model, the depths to compare, what trains them and what measures them. */
export function NewDialog() {
  const action = useAction<Experiment>();
  const [, go] = useLocation();
  const models = useResource<Page<Model>>("models", { query: { limit: 200 } });
  const datasets = useResource<Page<Dataset>>("datasets", { query: { limit: 200 } });
  const form = useRef<HTMLDivElement>(null);
  if (!useMay("member")) return null;
  const ready = models.data?.items.filter(({ state }) => state === "READY") ?? [];
  const training = datasets.data?.items.filter(({ kind }) => kind === "triplets") ?? [];
  const evaluation = datasets.data?.items.filter(measures) ?? [];
  const missing = [
    ready.length === 0 && { word: "a model", path: "/models" },
    training.length === 0 && { word: "triplets", path: "/datasets" },
    evaluation.length === 0 && { word: "an evaluation set", path: "/datasets" },
  ].filter((each) => each !== false);
  if (models.data && datasets.data && missing.length > 0)
    return (
      <p>
        An experiment needs{" "}
        {missing.map(({ word, path }, i) => (
          <span key={word}>
            {i > 0 && (i === missing.length - 1 ? " and " : ", ")}
            <Link href={path}>{word}</Link>
          </span>
        ))}{" "}
        first.
      </p>
    );
  const submit = async (): Promise<void> => {
    const value = (name: string): string =>
      form.current?.querySelector<HTMLInputElement | HTMLSelectElement>(`[name=${name}]`)?.value.trim() ?? "";
    const steps = value("steps");
    const made = await action.mutateAsync({
      verb: "POST",
      path: "experiments",
      json: {
        name: value("name"),
        modelId: value("model"),
        triplets: value("triplets"),
        evaluation: [
          ...(form.current?.querySelectorAll<HTMLInputElement>("[name=evaluation]:checked") ?? []),
        ].map((each) => each.value),
        variants: value("variants").split(",").flatMap(variantOf),
        ...(steps && { training: { steps: Number(steps) } }),
      },
    });
    go(`/experiments/${made.id}`);
  };
  return (
    <Dialog
      opener="New experiment"
      look="strong"
      title="A new experiment"
      confirm="Submit"
      error={action.error}
      onConfirm={submit}
    >
      <div ref={form}>
        <label>
          Name
          <input name="name" required maxLength={100} />
        </label>
        <Choice name="model" title="Model" of={ready} />
        <Choice name="triplets" title="Trained on" of={training} />
        <fieldset className={classes.many}>
          <legend>Measured by</legend>
          {evaluation.map(({ id, name, kind, rows }, i) => (
            <label key={id}>
              <input type="checkbox" name="evaluation" value={id} defaultChecked={i === 0} /> {name}{" "}
              <small>
                {kind}, {many(rows)} rows
              </small>
            </label>
          ))}
        </fieldset>
        <label>
          Variants
          <input name="variants" defaultValue={usualVariants} required />
        </label>
        <label>
          Steps of training
          <input name="steps" type="number" min={1} max={1_000_000} placeholder="1000" />
        </label>
      </div>
      <p>
        A variant is <code>none</code> for all layers, <code>large</code> or <code>small</code> for what a
        search picks, <code>50%</code> to drop half, or a number of layers to keep.
      </p>
    </Dialog>
  );
}

/** Whether a dataset is a task that encoders are measured by. */
const measures = ({ kind }: Dataset): boolean => kind !== "triplets" && kind !== "texts";

const Choice = ({
  name,
  title,
  of,
}: {
  name: string;
  title: string;
  of: readonly { id: string; name: string; rows?: number }[];
}) => (
  <label>
    {title}{" "}
    <select name={name}>
      {of.map((each) => (
        <option key={each.id} value={each.id}>
          {each.name}
          {each.rows !== undefined && `, ${many(each.rows)} rows`}
        </option>
      ))}
    </select>
  </label>
);

const variantOf = (text: string): (string | number)[] => {
  const word = text.trim();
  return word === "" ? [] : [/^\d+$/.test(word) ? Number(word) : word];
};
