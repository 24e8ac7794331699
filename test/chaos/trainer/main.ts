// The compute process of the chaos suite's workers: it trains in the fake way, and does everything else as the product.
import { runJob } from "../../../apps/compute/src/run-job.ts";
import { serve } from "../../../apps/compute/src/serve.ts";
import { train } from "./train.ts";

serve((job, computation, hub) =>
  job.kind === "train" ? train(job, computation) : runJob(job, computation, hub),
);
