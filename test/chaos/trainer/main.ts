// The compute process of the chaos suite's workers: it trains in the fake way, and does everything else as the product.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runJob } from "../../../apps/compute/src/run-job.ts";
import { serve } from "../../../apps/compute/src/serve.ts";
import { train } from "./train.ts";

// A host on which nothing can compute: its processes die at once while this file is in its scratch folder.
const { TMPDIR = "" } = process.env;
if (existsSync(join(TMPDIR, "..", "..", "..", "broken"))) process.kill(process.pid, "SIGILL");

serve((job, computation, hub) =>
  job.kind === "train" ? train(job, computation) : runJob(job, computation, hub),
);
