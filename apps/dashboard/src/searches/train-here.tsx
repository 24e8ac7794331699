import type { Experiment } from "@espalier/contract";
import { useRef } from "react";
import { useLocation } from "wouter";
import { Dialog } from "../elements/dialog.tsx";
import { duration } from "../elements/format.ts";
import { useAction } from "../elements/use-action.ts";
import { isGuess } from "../runs/plan-basis.ts";
import { useMay } from "../session/use-me.ts";
import { useDepthPlan, type DepthInputs } from "./use-depth-plan.ts";

/** Submits an experiment of one depth: it is pruned there, trained, and measured before and after. */
export function TrainHere({ inputs, depth }: { inputs: DepthInputs; depth: number }) {
  const { modelId, triplets, evaluations } = inputs;
  const action = useAction<Experiment>();
  const [, go] = useLocation();
  const { data: plan } = useDepthPlan(inputs, depth);
  const name = useRef<HTMLInputElement>(null);
  const evaluation = useRef<HTMLSelectElement>(null);
  if (!useMay("member") || modelId === undefined || triplets === undefined) return null;
  if (evaluations.length === 0) return <span>An evaluation set is needed to train here.</span>;
  const submit = async (): Promise<void> => {
    const made = await action.mutateAsync({
      verb: "POST",
      path: "experiments",
      json: {
        name: name.current?.value.trim(),
        modelId,
        triplets,
        evaluation: [evaluation.current?.value],
        variants: [depth],
      },
    });
    go(`/experiments/${made.id}`);
  };
  return (
    <Dialog
      opener="Prune and train here"
      look="strong"
      title={`Keep ${depth} layers and train them`}
      confirm="Submit"
      error={action.error}
      onConfirm={submit}
    >
      <label>
        Name
        <input ref={name} defaultValue={`depth-${depth}`} required maxLength={100} />
      </label>
      <label>
        Measured by{" "}
        <select ref={evaluation}>
          {evaluations.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      {plan && (
        <p>
          {plan.runs.length} runs, about {plan.deviceHours.toLocaleString()} device hours
          {plan.end !== undefined && `, done in ${duration(Date.parse(plan.end) - Date.parse(plan.at))}`}
          {isGuess(plan) ? "; a guess, as nothing like them has ended yet." : "."}
        </p>
      )}
    </Dialog>
  );
}
