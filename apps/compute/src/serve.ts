import { isProblem } from "@espalier/contract";
import { parseInstruction, type HubAccess, type Job, type Outcome } from "@espalier/contract/compute";
import { endGroupWithParent, explainError, onLines, refusalOf } from "@espalier/process";
import { Channel } from "./channel.ts";
import type { Computation } from "./computation.ts";

/**
 * The life of a compute process: one job comes on standard input, is run, and its end is reported. It is started with the
 * supervisor's process number as its argument, and where it works under a lease with the descriptor of its deadlines, as the leader of a
 * process group, which is killed when the supervisor is gone or too long silent.
 */
export function serve(
  run: (job: Job, computation: Omit<Computation, "engine">, hub?: HubAccess) => Promise<Outcome>,
): void {
  const [parent, deadlines] = process.argv.slice(2).map(Number);
  endGroupWithParent(parent!, deadlines);
  const channel = new Channel();
  const stopping = new AbortController();

  onLines(process.stdin, (line) => {
    const instruction = parseInstruction(line);
    if (instruction.type === "stop") stopping.abort();
    else void compute(instruction.job, instruction.hub);
  });

  async function compute(job: Job, hub: HubAccess | undefined): Promise<void> {
    try {
      const outcome = await run(job, { signal: stopping.signal, report: channel }, hub);
      await channel.end({ type: "done", outcome });
    } catch (error) {
      if (stopping.signal.aborted) {
        await channel.end({ type: "stopped" });
      } else {
        const refused = refusalOf(error);
        if (!isProblem(error) && refused === undefined) console.error(error);
        const problem = isProblem(error) ? error : explainError(error);
        await channel.end({ type: "failed", problem: problem.toDocument(), ...(refused && { refused }) });
      }
    }
    process.exit(0);
  }
}
