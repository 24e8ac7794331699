import { setTimeout as sleep } from "node:timers/promises";
import { isProblem } from "@espalier/contract";
import type { Logger } from "pino";

/** A worker may start before its servers, or before they are migrated. */
const patienceSeconds = 120;

/** What does not pass by waiting. */
const isFinal = (error: unknown): boolean =>
  isProblem(error) && (error.code === "request/invalid" || error.code === "worker/refused");

/** Tries until `work` succeeds; throws what it threw last when two minutes were not enough, or waiting does not help. */
export async function untilReady<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + patienceSeconds * 1000;
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until || isFinal(error)) throw error;
      if (failures === 0) log.warn({ err: error }, "not ready yet; trying again");
      await sleep(Math.min(2000, 100 * 2 ** failures));
    }
  }
}
