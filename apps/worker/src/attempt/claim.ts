import type { Claim, Store } from "@espalier/store";
import { isAway, retry } from "../retry.ts";

export interface ClaimInput {
  runId: string;
  workerId: string;
  /** Devices that take no new runs now. */
  closed: readonly string[];
}

/**
 * Claims the run that a delivery names; undefined when there is nothing to claim, because the run was cancelled, has gone
 * another way, or the delivery is a repeated one: all of that is normal. Waits while the database is away, so that a worker
 * does not drain a queue that it cannot serve.
 */
export async function claim(
  { leases }: Pick<Store, "leases">,
  input: ClaimInput,
  stopping: AbortSignal,
): Promise<Claim | undefined> {
  if (stopping.aborted) return undefined;
  try {
    return await retry(() => leases.claim(input), { again: isAway, signal: stopping });
  } catch (error) {
    if (stopping.aborted && error === stopping.reason) return undefined;
    throw error;
  }
}
