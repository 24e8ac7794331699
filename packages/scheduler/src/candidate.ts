import type { Consumer } from "./consumers.ts";
import { expectationOf, type HistoryByKey } from "./duration.ts";
import type { DeviceGroup, DeviceGroups } from "./groups.ts";
import type { Turn } from "./order.ts";
import type { Need } from "./pool.ts";
import type { Policy } from "./policy.ts";
import type { History, Instant, QueuedRun, Range } from "./snapshot.ts";

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

/** @param known what is known of the durations of such runs */
export function candidateOf(
  { run, user }: Turn,
  groups: DeviceGroups,
  known: History | undefined,
  { now, history, policy }: { now: Instant; history: HistoryByKey; policy: Policy },
): Candidate {
  const { needs } = run;
  const { devices, memoryBytes: predicted } = needs;
  const correction = known?.memoryRatio ?? 1;
  const bytes = predicted === null ? 0 : Math.ceil(predicted * correction * (1 + policy.memoryMargin));
  const whole = predicted === null || !needs.shares;
  const all = groups.of(needs);
  const avoids = run.avoids && run.avoids.until > now ? run.avoids.places : undefined;
  const group = avoids === undefined ? all : groups.avoiding(all, avoids, { devices, bytes, whole });
  const part = whole ? 1 : Math.min(1, bytes / Math.max(1, group.schedulable[0] ?? 0));
  return {
    run,
    user,
    team: user.team!,
    group,
    devices,
    bytes,
    whole,
    duration: expectationOf(run, history, policy, known).duration,
    units: devices * part,
  };
}

/** Whether a turn is that of a candidate already. */
export const isCandidate = (turn: Turn): turn is Candidate => "group" in turn;

/** Device hours that it is expected to spend. */
export const hoursOf = ({ duration }: Candidate, units: number): number =>
  (units * duration.likely) / 3_600_000;
