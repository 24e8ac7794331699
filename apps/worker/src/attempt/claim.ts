import { setTimeout as sleep } from "node:timers/promises";
import { isProblem } from "@espalier/contract";
import type { Claim, Store } from "@espalier/store";

export interface ClaimInput {
  runId: string;
  workerId: string;
  /** Devices that take no new runs now. */
  closed: readonly string[];
}

/**
 * Claims the run that a delivery names; undefined when there is nothing to claim, because the run was
 * cancelled, has gone another way, or the delivery is a repeated one: all of that is normal. Waits while the database is away, so that
 * a worker does not drain a queue that it cannot serve.
 */
export async function claim(
  { leases }: Pick<Store, "leases">,
  input: ClaimInput,
  stopping: AbortSignal,
): Promise<Claim | undefined> {
  for (let failures = 0; !stopping.aborted; failures++) {
    try {
      return await leases.claim(input);
    } catch (error) {
      if (!isProblem(error) || error.code !== "service/unavailable") throw error;
      await sleep(Math.min(2000, 100 * 2 ** failures));
    }
  }
  return undefined;
}
