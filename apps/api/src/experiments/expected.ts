import { sizeAfter, type Model, type ModelSize } from "@espalier/contract";
import { expectationsFor, type Expectations } from "../runs/origin.ts";
import type { ExpandedRun } from "./expand.ts";

/** The runs of an experiment with what the scheduler is told of each; they come after those that they depend on. */
export function expected<Run extends ExpandedRun>(
  runs: readonly Run[],
  { id: modelId, architecture }: Pick<Model, "id" | "architecture">,
): (Run & { modelId: string } & Expectations)[] {
  const sizes = new Map<string, ModelSize | undefined>();
  return runs.map((run) => {
    const { spec } = run;
    const ref = "model" in spec ? spec.model : modelId;
    const size: ModelSize | undefined = typeof ref === "string" ? architecture : sizes.get(ref.run);
    sizes.set(run.id, size && sizeAfter(spec, size));
    return { ...run, modelId, ...expectationsFor(spec, size) };
  });
}
