// One attempt's computation. Started by `child.ts`; its argument is the supervisor's process number.
import { Worker } from "node:worker_threads";
import { isProblem } from "@espalier/contract";
import { explainError } from "../crash.ts";
import { onLines } from "../lines.ts";
import { parseInstruction, type HubAccess, type Job } from "../protocol.ts";
import { Channel } from "./channel.ts";
import { runJob } from "./run-job.ts";

const supervisor = Number(process.argv[2]);
new Worker(new URL("lifeline.mjs", import.meta.url), { workerData: { supervisor } }).unref();

const channel = new Channel();
const stopping = new AbortController();

onLines(process.stdin, (line) => {
  const instruction = parseInstruction(line);
  if (instruction.type === "stop") stopping.abort();
  else void compute(instruction.job, instruction.hub);
});
// The supervisor holds the other end for as long as it lives.
process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL"));

async function compute(job: Job, hub: HubAccess | undefined): Promise<void> {
  try {
    const outcome = await runJob(job, { signal: stopping.signal, report: channel }, hub);
    await channel.end({ type: "done", outcome });
  } catch (error) {
    if (stopping.signal.aborted) {
      await channel.end({ type: "stopped" });
    } else {
      if (!isProblem(error)) console.error(error);
      const problem = isProblem(error) ? error : explainError(error);
      await channel.end({ type: "failed", problem: problem.toDocument() });
    }
  }
  process.exit(0);
}
