// One attempt's computation, started by `child.ts`.
import { parseInstruction } from "@espalier/contract/compute";
import { runJob } from "./run-job.ts";
import { serve } from "./serve.ts";

serve(parseInstruction, ({ job, hub }, computation) => runJob(job, computation, hub));
