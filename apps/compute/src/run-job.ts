import { Problem, type EngineName } from "@espalier/contract";
import type { HubAccess, Job, JobKind, JobOf, Outcome, OutcomeOf } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";

/** What a computation gets before its job has chosen an engine. */
type Beginning = Omit<Computation, "engine">;

type Computations = {
  readonly [Kind in JobKind]: (
    job: JobOf<Kind>,
    computation: Beginning,
    hub?: HubAccess,
  ) => Promise<OutcomeOf<Kind>>;
};

/** Each computation is loaded on demand: a prune needs no tensors. */
const computations: Computations = {
  import: async (job, computation) => (await import("./import.ts")).importModel(job, computation),
  async "hub-import"(job, computation, hub) {
    if (hub === undefined) throw new Problem("internal/error", "Nobody said how to reach the hub.");
    return (await import("./hub-import.ts")).importFromHub(job, hub, computation);
  },
  prune: async (job, computation) => (await import("./prune.ts")).pruneModel(job, computation),
  search: async (job, computation) =>
    (await import("./search.ts")).search(job, await withEngine(job, computation)),
  train: async (job, computation) =>
    (await import("./train.ts")).train(job, await withEngine(job, computation)),
  evaluate: async (job, computation) =>
    (await import("./evaluate.ts")).evaluate(job, await withEngine(job, computation)),
  export: async (job, computation) =>
    (await import("./export.ts")).exportModel(job, await withEngine(job, computation)),
  "prune-folder": async (job, computation) =>
    (await import("./prune-folder.ts")).pruneFolder(job, computation),
  embed: async (job, computation) =>
    (await import("./embed/embed.ts")).embed(job, await withEngine(job, computation)),
  calibrate: async (job, computation) =>
    (await import("./calibrate.ts")).calibrate(await withEngine(job, computation)),
  "self-test": async (job, computation) =>
    (await import("./self-test.ts")).selfTest(job, await withEngine(job, computation)),
};

/** Runs one job. */
export function runJob(job: Job, computation: Beginning, hub?: HubAccess): Promise<Outcome> {
  const compute = computations[job.kind] as (
    job: Job,
    computation: Beginning,
    hub?: HubAccess,
  ) => Promise<Outcome>;
  return compute(job, computation, hub);
}

/** Engines that are told their device by its address, so that several processes can have one each. */
const addressed: ReadonlySet<string> = new Set<EngineName>(["onnx-cpu", "onnx-cuda"]);

async function withEngine(job: Job, computation: Beginning): Promise<Computation> {
  const { engine, precision, device, devices, threads } = job;
  const { chooseEngine } = await import("@espalier/engine");
  const options = {
    ...(threads !== undefined && { threads }),
    ...(precision && { precision }),
    ...(device !== undefined && { device }),
  };
  try {
    // A wrong name is found here, and not by each of the devices.
    const alone = chooseEngine(engine, options);
    if (devices === undefined) return { ...computation, engine: alone };
    if (!addressed.has(engine)) {
      computation.report.log(
        "warn",
        `${engine} computes on the first of its ${devices.length} devices alone.`,
      );
      return { ...computation, engine: alone };
    }
    const { openGang } = await import("./gang/gang.ts");
    return { ...computation, engine: openGang(engine, devices, options) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem("request/invalid", `The engine cannot be chosen: ${error.message}.`);
  }
}
