import { startCompute, countOomKills, explainError } from "@espalier/process";
import { isProblem, type DeviceKind } from "@espalier/contract";
import type { Scratch } from "../attempt/workspace.ts";

export interface SelfTestContext {
  scratch: Scratch;
  engine: string;
  device: DeviceKind;
  threads?: number;
  /** Path of the compute process's module, and its environment: those of a run on the device. */
  computeEntry: string;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Longest silence of a test, most of which is the start of an engine. */
const hungSeconds = 120;
let tests = 0;

/**
 * Tests a device by a small computation in a process as a run would have.
 * @throws {Problem} what ended the test
 */
export async function selfTest(context: SelfTestContext, signal: AbortSignal): Promise<void> {
  const { scratch, engine, device, threads, computeEntry, environment } = context;
  const workspace = await scratch.workspace("self-test", ++tests).catch((error: unknown) => {
    throw isProblem(error) ? error : explainError(error);
  });
  try {
    const child = startCompute({
      entry: computeEntry,
      job: {
        kind: "self-test",
        engine,
        device,
        folder: workspace.temporary,
        ...(threads === undefined ? {} : { threads }),
      },
      environment: { ...environment, TMPDIR: workspace.temporary },
      hungSeconds,
      countOomKills,
      signal,
      onReport: () => undefined,
    });
    const end = await child.ended;
    if (end.type === "failed") throw end.problem;
  } finally {
    await workspace.remove().catch(() => undefined);
  }
}
