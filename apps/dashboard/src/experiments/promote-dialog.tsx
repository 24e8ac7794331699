import type { Comparison, Experiment, Model } from "@espalier/contract";
import { useRef } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../elements/dialog.tsx";
import { useAction } from "../elements/use-action.ts";
import { useMay } from "../session/use-me.ts";

const usualRule = "Δ ≥ -0.5 and size ≤ 80 %";

/** Marks the model of the variant that passes a rule as the one to ship; where none does, it says of each why not. */
export function PromoteDialog({
  experiment,
  comparison,
}: {
  experiment: Experiment;
  comparison: Comparison;
}) {
  const action = useAction<Model>();
  const [, go] = useLocation();
  const rule = useRef<HTMLInputElement>(null);
  const variant = useRef<HTMLSelectElement>(null);
  const trained = comparison.variants.filter(({ stage }) => stage === "after");
  if (!useMay("member") || experiment.state === "RUNNING" || trained.length === 0) return null;
  const submit = async (): Promise<void> => {
    const chosen = variant.current?.value;
    const model = await action.mutateAsync({
      verb: "POST",
      path: `experiments/${experiment.id}/promote`,
      json: { when: rule.current?.value.trim(), ...(chosen && { variant: chosen }) },
    });
    go(`/models/${model.id}`);
  };
  return (
    <Dialog
      opener="Promote"
      look="plain"
      title="Promote the model to ship"
      confirm="Promote"
      error={action.error}
      onConfirm={submit}
    >
      <label>
        When
        <input ref={rule} defaultValue={experiment.spec.promote ?? usualRule} required maxLength={128} />
      </label>
      <label>
        Which{" "}
        <select ref={variant}>
          <option value="">the smallest that passes</option>
          {trained.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p>
        Δ is the difference to {comparison.baseline} in points, lower in its place the lower end of its
        interval; size is in percent of that of {comparison.baseline}.
      </p>
    </Dialog>
  );
}
