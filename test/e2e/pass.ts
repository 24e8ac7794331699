import { setTimeout as sleep } from "node:timers/promises";
import type { Claim } from "@espalier/store";
import type { Passes } from "../../apps/api/src/scheduler/passes.ts";
import type { TestApi } from "../api/service.ts";

/** Lets the scheduler decide, and claims what it gave devices. */
export async function pass(api: TestApi, passes: Passes): Promise<Claim[]> {
  const claims: Claim[] = [];
  do {
    await sleep(passes.owesIn ?? 0);
    const { committed } = await passes.pass();
    for (const { runId, worker } of committed?.deliveries ?? []) {
      const [{ id: workerId }] = await api.store.sql<{ id: string }>(
        "select id from worker where name = $1",
        [worker],
      );
      const claim = await api.store.leases.claim({ runId, workerId });
      if (claim) claims.push(claim);
    }
  } while (passes.owesIn !== undefined);
  return claims;
}
