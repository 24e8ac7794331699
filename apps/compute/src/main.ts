// One job, started by `startCompute` of a worker or of the command line.
import { runJob } from "./run-job.ts";
import { serve } from "./serve.ts";

serve(runJob);
