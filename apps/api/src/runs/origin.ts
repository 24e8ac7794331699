import {
  sizeAfter,
  workOf,
  type ModelRef,
  type ModelSize,
  type Needs,
  type RunSpec,
  type Work,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { mostBytesOf, predictWithin, type Room } from "./memory.ts";

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

/** What the scheduler is told of a run when it is submitted. The field is that of its needs. */
export async function expectationsOf(
  run: Submitted,
  place: OriginPlace & { store: Pick<Store, "models" | "runs" | "workers">; field: string },
): Promise<Expectations & { modelId?: string }> {
  const { spec, needs } = run;
  const room = { mostBytes: await mostBytesOf(place.store, needs), field: place.field };
  if (!("model" in spec)) return expectationsFor(run, undefined, room);
  const { modelId, size } = await originOf(spec.model, place);
  return { modelId, ...expectationsFor(run, size, room) };
}

export interface Expectations {
  predictedBytes?: number;
  work?: Work;
}

interface Submitted {
  spec: RunSpec;
  needs?: Needs | undefined;
}

/** Of a run on a model of some size, if it is known. */
export function expectationsFor(run: Submitted, size: ModelSize | undefined, room: Room): Expectations {
  const [predictedBytes, work] = [predictWithin(run, size, room), workOf(run.spec, size)];
  return { ...(predictedBytes !== undefined && { predictedBytes }), ...(work && { work }) };
}
