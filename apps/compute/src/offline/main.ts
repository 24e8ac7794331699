// One job of the command line on a folder, without a server.
import { Problem } from "@espalier/contract";
import { serve } from "../serve.ts";
import type { Computation } from "../computation.ts";
import { parseStart, type Outcome, type Start } from "./protocol.ts";

serve(parseStart, ({ job }, computation) => run(job, computation));

/** Each is loaded on demand: a prune needs no tensors. */
async function run(job: Start["job"], computation: Omit<Computation, "engine">): Promise<Outcome> {
  if (job.kind === "prune") return (await import("./prune.ts")).prune(job, computation);
  const { chooseEngine, engineNames } = await import("@espalier/engine");
  if (!engineNames.includes(job.engine))
    throw new Problem(
      "request/invalid",
      `There is no engine "${job.engine}" (ESPALIER_ENGINE); there is: ${engineNames.join(", ")}.`,
    );
  const engine = chooseEngine(job.engine, job.threads === undefined ? {} : { threads: job.threads });
  if (job.kind === "embed") return (await import("./embed.ts")).embed(job, { ...computation, engine });
  return (await import("../search.ts")).search(job, { ...computation, engine });
}
