import { setTimeout as sleep } from "node:timers/promises";
import { backoff, isProblem } from "@espalier/contract";

const pauses = { first: 100, most: 2000 };

/** Whether a server was away: what failed for it may succeed later. */
export const isAway = (error: unknown): boolean => isProblem(error) && error.code === "service/unavailable";

/** Whether the disk or the data folder failed: what failed for it succeeds when somebody has mended it. */
export const isStorageFailure = (error: unknown): boolean =>
  isProblem(error) && (error.code === "worker/disk-full" || error.code === "storage/unavailable");

export interface RetryOptions {
  /** Whether to try again after this error, the n-th in a row. */
  again: (error: unknown, failures: number) => boolean | Promise<boolean>;
  /** Ends a pause. */
  signal?: AbortSignal;
}

/**
 * Repeats what fails, after longer and longer pauses.
 * @throws what the last try threw, or the signal's reason
 */
export async function retry<T>(work: () => Promise<T>, { again, signal }: RetryOptions): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!(await again(error, failures))) throw error;
      await sleep(backoff(failures, pauses), undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  }
}
