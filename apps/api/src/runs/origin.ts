import { predictMemory, sizeAfter, type ModelRef, type ModelSize, type RunSpec } from "@espalier/contract";
import type { Store } from "@espalier/store";

/** The imported or produced model that a run works on in the end, and how large what it works on will be. */
interface Origin {
  modelId: string;
  size: ModelSize | undefined;
}

interface OriginPlace {
  store: Pick<Store, "models" | "runs">;
  teamId: string;
  /** Specs of runs that are submitted together and do not exist yet. */
  planned?: ReadonlyMap<string, RunSpec>;
}

/** Follows a reference to the model that exists; a pruning on the way makes it smaller where it says by how much. */
async function originOf(ref: ModelRef, { store, teamId, planned }: OriginPlace): Promise<Origin> {
  const cuts: RunSpec[] = [];
  let next = ref;
  // Runs depend on earlier ones, so that the chain ends.
  while (typeof next !== "string") {
    const spec: RunSpec = planned?.get(next.run) ?? (await store.runs.get(teamId, next.run)).spec;
    cuts.push(spec);
    next = spec.kind === "import" ? spec.modelId : spec.model;
  }
  const { id, architecture } = await store.models.outline(teamId, next);
  return {
    modelId: id,
    size: architecture && cuts.reduceRight((size, spec) => sizeAfter(spec, size), architecture as ModelSize),
  };
}

/** What the scheduler is told of a run when it is submitted. */
export async function expectationsOf(
  spec: RunSpec,
  place: OriginPlace,
): Promise<{ modelId?: string; predictedBytes?: number }> {
  if (!("model" in spec)) return withBytes(predictMemory(spec, undefined));
  const { modelId, size } = await originOf(spec.model, place);
  return { modelId, ...withBytes(predictMemory(spec, size)) };
}

export const withBytes = (predictedBytes: number | undefined) =>
  predictedBytes === undefined ? {} : { predictedBytes };
