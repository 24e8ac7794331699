// The compute process of the chaos suite's workers: it trains in the fake way, and does everything else as the product.
import { runJob } from "../../../apps/worker/src/compute/run-job.ts";
import { serve } from "../../../apps/worker/src/compute/serve.ts";
import { parseInstruction } from "../../../apps/worker/src/protocol.ts";
import { train } from "./train.ts";

serve(parseInstruction, ({ job, hub }, computation) =>
  job.kind === "train" ? train(job, computation) : runJob(job, computation, hub),
);
