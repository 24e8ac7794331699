import { Worker } from "node:worker_threads";
import { isProblem } from "@espalier/contract";
import { explainError } from "@espalier/process";
import { onLines } from "@espalier/process";
import { Channel } from "./channel.ts";
import type { Computation } from "./computation.ts";

/** What a supervisor says: to begin, once, and to save what can be resumed from and end. */
export type Told<Start> = ({ readonly type: "start" } & Start) | { readonly type: "stop" };

/**
 * The life of a compute process: one job comes by standard input, is run, and its end is told. Started with the
 * supervisor's process number as its argument, as the leader of a process group, which is killed when the supervisor is gone.
 * @param parse reads a line; throws for one that is none of this process's
 */
export function serve<Start>(
  parse: (line: string) => Told<Start>,
  run: (start: Start, computation: Omit<Computation, "engine">) => Promise<unknown>,
): void {
  const supervisor = Number(process.argv[2]);
  new Worker(new URL("lifeline.mjs", import.meta.url), { workerData: { supervisor } }).unref();

  const channel = new Channel();
  const stopping = new AbortController();

  onLines(process.stdin, (line) => {
    const told = parse(line);
    if (told.type === "stop") stopping.abort();
    else void compute(told);
  });
  // The supervisor holds the other end for as long as it lives.
  process.stdin.on("end", () => process.kill(-process.pid, "SIGKILL"));

  async function compute(start: Start): Promise<void> {
    try {
      const outcome = await run(start, { signal: stopping.signal, report: channel });
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
