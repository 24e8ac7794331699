import { sizeAfter, type ExperimentSpec, type ModelSize } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { mostBytesOf } from "../runs/memory.ts";
import { expectationsFor, type Expectations } from "../runs/origin.ts";
import { expand, type ExpandedRun } from "./expand.ts";

/**
 * The runs of an experiment with what the scheduler is told of each; they come after those that they depend on.
 * @throws {Problem} `run/does-not-fit` for a run that needs more memory than it may take
 */
export async function expected(
  spec: ExperimentSpec,
  store: Pick<Store, "models" | "workers">,
  teamId: string,
): Promise<(ExpandedRun & { modelId: string } & Expectations)[]> {
  const { id: modelId, architecture } = await store.models.get(teamId, spec.modelId);
  const room = { mostBytes: await mostBytesOf(store, spec.needs), field: "/needs" };
  const sizes = new Map<string, ModelSize | undefined>();
  return expand(spec).map((run) => {
    const ref = "model" in run.spec ? run.spec.model : modelId;
    const size: ModelSize | undefined = typeof ref === "string" ? architecture : sizes.get(ref.run);
    sizes.set(run.id, size && sizeAfter(run.spec, size));
    return { ...run, modelId, ...expectationsFor(run, size, room) };
  });
}
