import { quotaRefusal } from "./consumers.ts";
import { hoursOf, type Candidate } from "./candidate.ts";
import { fits } from "./groups.ts";
import type { Heap } from "./heap.ts";
import type { Turn } from "./order.ts";
import type { Pass } from "./pass.ts";
import type { QueuedRun } from "./snapshot.ts";

/**
 * The run that has been overdue longest among those that could start at all, unless aged runs hold their share of the
 * pool already. Only one run is taken in a pass: if all overdue runs came first, a pool that is overloaded for a day
 * would forget about fair shares.
 */
export function longestOverdue(
  overdue: Heap<Turn>,
  served: ReadonlySet<QueuedRun>,
  pass: Pass,
): Candidate | undefined {
  if (overdue.size === 0) return undefined;
  let aged = 0;
  for (const { run, units } of pass.pool.holders) if (run.aged) aged += units;
  const whole = pass.pool.devices.filter(({ device }) => device.state === "schedulable").length;
  for (let turn = overdue.pop(); turn; turn = overdue.pop()) {
    if (served.has(turn.run)) continue;
    const candidate = pass.candidate(turn);
    const { group, team, user, units } = candidate;
    if (!fits(group.schedulable, candidate)) continue;
    if (units > Math.min(team.ceiling, user.ceiling)) continue;
    const refused = quotaRefusal(user, units, hoursOf(candidate, units));
    if (refused?.quota === "device-hours") continue;
    return aged === 0 || aged + units <= pass.policy.agedShare * whole ? candidate : undefined;
  }
  return undefined;
}
