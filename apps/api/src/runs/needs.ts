import { Problem, type Needs } from "@espalier/contract";
import type { Store } from "@espalier/store";

/**
 * Refuses a run that needs more devices than any host of the pool has, because all of them have to be on one host. Where
 * the pool has no host yet, or none with such kinds and labels, the run waits for one, with that reason.
 */
export async function checkNeeds(
  { devices = 1 }: Needs = {},
  { store, field }: { store: Pick<Store, "workers">; field: string },
): Promise<void> {
  if (devices === 1) return;
  const most = await store.workers.mostDevices();
  if (most === 0 || devices <= most) return;
  throw new Problem(
    "run/gang-too-large",
    `It needs ${devices} devices on one host; the largest host of the pool has ${most}, and no run is spread over hosts. Ask for at most ${most}, or split the work into several runs.`,
    { field: `${field}/devices` },
  );
}
