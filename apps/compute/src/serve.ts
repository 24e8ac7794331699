import { Worker } from "node:worker_threads";
import { isProblem } from "@espalier/contract";
import { parseInstruction, type HubAccess, type Job, type Outcome } from "@espalier/contract/compute";
import { explainError, onLines } from "@espalier/process";
import { Channel } from "./channel.ts";
import type { Computation } from "./computation.ts";

/**
 * The life of a compute process: one job comes on standard input, is run, and its end is reported. It is started with the
 * supervisor's process number as its argument, as the leader of a process group, which is killed when the supervisor is gone.
 */
export function serve(
  run: (job: Job, computation: Omit<Computation, "engine">, hub?: HubAccess) => Promise<Outcome>,
): void {
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
      const outcome = await run(job, { signal: stopping.signal, report: channel }, hub);
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
}
