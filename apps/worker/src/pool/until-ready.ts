import { isProblem } from "@espalier/contract";
import type { Logger } from "pino";
import { retry } from "../retry.ts";

/** A worker may start before its servers, or before they are migrated. */
const patienceSeconds = 120;

/** Waiting does not help against these. */
const isFinal = (error: unknown): boolean =>
  isProblem(error) && (error.code === "request/invalid" || error.code === "worker/refused");

/** Tries until `work` succeeds; throws what it threw last when two minutes were not enough, or waiting does not help. */
export function untilReady<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + patienceSeconds * 1000;
  return retry(work, {
    again(error, failures) {
      if (performance.now() > until || isFinal(error)) return false;
      if (failures === 1) log.warn({ err: error }, "not ready yet; trying again");
      return true;
    },
  });
}
