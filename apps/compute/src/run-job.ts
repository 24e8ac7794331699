import { Problem } from "@espalier/contract";
import type { HubAccess, Job, Outcome } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";

/** Runs one job. Each computation is loaded on demand: a prune needs no tensors. */
export async function runJob(
  job: Job,
  computation: Omit<Computation, "engine">,
  hub?: HubAccess,
): Promise<Outcome> {
  switch (job.kind) {
    case "import":
      return (await import("./import.ts")).importModel(job, computation);
    case "hub-import":
      if (hub === undefined) throw new Problem("internal/error", "Nobody said how to reach the hub.");
      return (await import("./hub-import.ts")).importFromHub(job, hub, computation);
    case "prune":
      return (await import("./prune.ts")).pruneModel(job, computation);
    case "export":
      return (await import("./export.ts")).exportModel(job, { ...computation, engine: await engineOf(job) });
    case "search":
      return (await import("./search.ts")).search(job, { ...computation, engine: await engineOf(job) });
    case "train":
      return (await import("./train.ts")).train(job, { ...computation, engine: await engineOf(job) });
    case "evaluate":
      return (await import("./evaluate.ts")).evaluate(job, { ...computation, engine: await engineOf(job) });
  }
}

async function engineOf({ engine, threads }: Job) {
  const { chooseEngine } = await import("@espalier/engine");
  return chooseEngine(engine, threads === undefined ? {} : { threads });
}
