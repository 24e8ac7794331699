import { Problem, type Model, type ModelRef, type RunSpec } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { predictMemory, type Size } from "./memory.ts";

/** The imported or produced model that a run works on in the end, and how large what it works on will be. */
export interface Origin {
  modelId: string;
  size: Size | undefined;
}

/** Longest chain of runs that is followed. */
const most = 32;

/** Follows a reference to the model that exists; a pruning on the way makes it smaller where it says by how much. */
export async function originOf(
  ref: ModelRef,
  { store, teamId }: { store: Pick<Store, "models" | "runs">; teamId: string },
): Promise<Origin> {
  const cuts: RunSpec[] = [];
  let next = ref;
  for (let i = 0; typeof next !== "string" && i < most; i++) {
    const { spec } = await store.runs.get(teamId, next.run);
    cuts.push(spec);
    if (!("model" in spec)) break;
    next = spec.model;
  }
  if (typeof next !== "string")
    throw new Problem("run/upstream-failed", "The model's chain of runs does not end.", {
      field: "/spec/model",
    });
  const { id, architecture }: Model = await store.models.get(teamId, next);
  return { modelId: id, size: architecture && cuts.reduceRight(cut, architecture as Size) };
}

/** What a run makes of a model of some size. */
export function cut(size: Size, spec: RunSpec): Size {
  if (spec.kind !== "prune") return size;
  const { layers: ref } = spec;
  const layers =
    typeof ref === "number"
      ? ref
      : "dropPercent" in ref
        ? Math.ceil(size.layers * (1 - ref.dropPercent / 100))
        : size.layers;
  const table = size.vocabularySize * size.hiddenSize;
  const perLayer = Math.max(0, size.parameters - table) / size.layers;
  const kept = Math.min(layers, size.layers);
  return { ...size, layers: kept, parameters: Math.round(size.parameters - perLayer * (size.layers - kept)) };
}

/** What the dispatcher is told of a run when it is submitted. */
export async function expectationsOf(
  spec: RunSpec,
  place: Parameters<typeof originOf>[1],
): Promise<{ modelId?: string; predictedBytes?: number }> {
  if (!("model" in spec)) return withBytes(predictMemory(spec, undefined));
  const { modelId, size } = await originOf(spec.model, place);
  return { modelId, ...withBytes(predictMemory(spec, size)) };
}

export const withBytes = (predictedBytes: number | undefined) =>
  predictedBytes === undefined ? {} : { predictedBytes };
