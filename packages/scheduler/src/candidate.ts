import type { Consumer } from "./consumers.ts";
import { durationOf, historyOf, type HistoryByKey } from "./duration.ts";
import type { DeviceGroup, DeviceGroups } from "./groups.ts";
import type { Turn } from "./order.ts";
import type { Need } from "./pool.ts";
import type { Policy } from "./policy.ts";
import type { Instant, QueuedRun, Range } from "./snapshot.ts";

/** A queued run with all that a decision about it needs. */
export interface Candidate extends Need {
  readonly run: QueuedRun;
  readonly user: Consumer;
  readonly team: Consumer;
  readonly group: DeviceGroup;
  /** From start to end, in ms. */
  readonly duration: Range;
  /** Device units that it takes at least, wherever it runs. */
  readonly units: number;
}

export function candidateOf(
  { run, user }: Turn,
  groups: DeviceGroups,
  history: HistoryByKey,
  { now, policy }: { now: Instant; policy: Policy },
): Candidate {
  const { needs } = run;
  const predicted = needs.memoryBytes;
  const known = historyOf(run.historyKeys, history, policy);
  const correction = known?.memoryRatio ?? 1;
  const bytes = predicted === null ? 0 : Math.ceil(predicted * correction * (1 + policy.memoryMargin));
  const whole = predicted === null || !needs.shares;
  const all = groups.of(needs);
  const need = { devices: needs.devices, bytes, whole };
  const avoids = run.avoids && run.avoids.until > now ? run.avoids.places : undefined;
  const group = avoids === undefined ? all : groups.avoiding(all, avoids, need);
  const part = whole ? 1 : Math.min(1, bytes / Math.max(1, group.schedulable[0] ?? 0));
  return {
    run,
    user,
    team: user.team!,
    group,
    ...need,
    duration: durationOf(known, policy),
    units: needs.devices * part,
  };
}

/** Whether a turn is that of a candidate already. */
export const isCandidate = (turn: Turn): turn is Candidate => "group" in turn;

/** Device hours that it is expected to spend. */
export const hoursOf = ({ duration }: Candidate, units: number): number =>
  (units * duration.likely) / 3_600_000;
