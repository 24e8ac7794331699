import { explainWaiting, type Plan, type PlannedRun, type RunKind, type RunRole } from "@espalier/contract";
import {
  defaultPolicy,
  expectationOf,
  historyOf,
  plan,
  remainingOf,
  type Decisions,
  type Device,
  type History,
  type Instant,
  type QueuedRun,
  type Range,
  type Snapshot,
} from "@espalier/scheduler";
import { namesFor, toExpected, toReason, toUnblock } from "../scheduler/waiting-reports.ts";

/** A run that is asked about, with what people know it by. */
export interface Asked {
  run: QueuedRun;
  kind: RunKind;
  role?: RunRole;
  variant?: string;
  /** Runs that are asked about too, or are there, whose results it needs. */
  dependsOn: readonly string[];
}

/** Plans are made anew for what depends on others only where the queue is no longer than this: each takes as long as a pass. */
const longQueue = 1_000;
const policy = defaultPolicy;

const later = (range: Range, ms: Range): Range => ({
  earliest: range.earliest + ms.earliest,
  likely: range.likely + ms.likely,
  latest: range.latest + ms.latest,
});
const lastOf = (ranges: readonly Range[]): Range => ({
  earliest: Math.max(...ranges.map(({ earliest }) => earliest)),
  likely: Math.max(...ranges.map(({ likely }) => likely)),
  latest: Math.max(...ranges.map(({ latest }) => latest)),
});

/**
 * What the planner would make of runs that are submitted now, each after those that it needs. Runs that nothing keeps are put into the
 * queue and planned for; then, level by level, those that need them, from when those are likely to end.
 */
export function whatIf(snapshot: Snapshot, asked: readonly Asked[], teamId: string): Plan {
  const { now } = snapshot;
  const history = new Map(snapshot.history.map((row) => [row.key, row]));
  const teamOf = new Map([...snapshot.queued, ...snapshot.running].map((run) => [run.id, run.teamId]));
  for (const { run } of asked) teamOf.set(run.id, teamId);

  const queue: QueuedRun[] = [...snapshot.queued];
  const ends = new Map<string, Range | undefined>(
    snapshot.running.map((run) => {
      const left = remainingOf(run, now, history, policy);
      return [run.id, later({ earliest: now, likely: now, latest: now }, left)];
    }),
  );
  const planned = new Map<string, PlannedRun>();
  let decisions: Decisions | undefined;
  for (const { run, dependsOn, ...names } of asked) {
    const needed = dependsOn.flatMap((id) => (ends.has(id) ? [ends.get(id)] : []));
    const ready = needed.every((end) => end !== undefined)
      ? lastOf([...needed, { earliest: now, likely: now, latest: now }])
      : undefined;
    const waits = needed.length > 0;
    const queued = waits && ready ? { ...run, notBefore: Math.round(ready.likely) } : run;
    const past = historyOf(run.historyKeys, history, policy);
    const { duration, basis } = expectationOf(run, history, policy, past);
    let start: Range | undefined;
    let told: ReturnType<typeof toldOf> = {};
    if (ready && (!waits || queue.length <= longQueue)) {
      queue.push(queued);
      decisions = plan({ ...snapshot, queued: queue }, policy);
      ({ start, ...told } = toldOf(decisions, queued.id, { now, names: namesFor(teamId, teamOf), waits }));
      // Where it waits for others, the spread of their ends is its own.
      if (start && waits) start = lastOf([start, ready]);
    } else start = ready;
    ends.set(run.id, start && later(start, duration));
    const memoryBytes = memoryOf(run, past);
    const hours = (run.needs.devices * duration.likely) / 3_600_000;
    planned.set(run.id, {
      ...names,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      devices: run.needs.devices,
      fitting: snapshot.devices.filter((device) => serves(device, run, memoryBytes ?? 0)).length,
      ...(start ? present(toExpected(start)) : {}),
      ...told,
      duration: seconds(duration),
      basis,
      deviceHours: rounded(hours),
    });
  }
  return summary(
    [...planned.values()],
    asked.map(({ run }) => ends.get(run.id)),
    now,
  );
}

const present = (expectedStart: ReturnType<typeof toExpected>) => (expectedStart ? { expectedStart } : {});
const rounded = (value: number): number => Number(value.toPrecision(3));
const seconds = ({ earliest, likely, latest }: Range): Range => ({
  earliest: rounded(earliest / 1000),
  likely: rounded(likely / 1000),
  latest: rounded(latest / 1000),
});

/** What a plan says of one of the runs that were asked about. */
function toldOf(
  { starts, waiting, preemptions }: Decisions,
  runId: string,
  { now, names, waits }: { now: Instant; names: ReturnType<typeof namesFor>; waits: boolean },
): { start?: Range | undefined } & Pick<PlannedRun, "waiting" | "makesRoom"> {
  const leaving = preemptions.filter(({ forRunId }) => forRunId === runId).map((each) => each.runId);
  const makesRoom = leaving.length > 0 ? { makesRoom: names(leaving) } : {};
  if (starts.some((start) => start.runId === runId))
    return { start: { earliest: now, likely: now, latest: now }, ...makesRoom };
  const found = waiting.find((each) => each.runId === runId);
  if (found === undefined) return makesRoom;
  const { position, unblockedBy, expectedStart } = found;
  const reason = toReason(found.reason, names);
  const start = expectedStart ?? undefined;
  // That it waits for the runs that it needs goes without saying.
  if (waits && reason.code === "not-yet-due") return { start, ...makesRoom };
  return {
    start,
    waiting: {
      reason,
      detail: explainWaiting(reason),
      ...(position === null ? {} : { position }),
      unblockedBy: unblockedBy.map((unblock) => toUnblock(unblock, names)),
    },
    ...makesRoom,
  };
}

/** The peak of memory that the planner counts with; undefined where it is not known. */
const memoryOf = ({ needs }: QueuedRun, past: History | undefined): number | undefined =>
  needs.memoryBytes === null
    ? undefined
    : Math.ceil(needs.memoryBytes * (past?.memoryRatio ?? 1) * (1 + policy.memoryMargin));

const serves = (device: Device, { needs }: QueuedRun, bytes: number): boolean =>
  device.state === "schedulable" &&
  (needs.kinds.length === 0 || needs.kinds.includes(device.kind)) &&
  needs.labels.every((label) => device.labels.includes(label)) &&
  device.memoryBytes >= bytes;

function summary(runs: PlannedRun[], ends: readonly (Range | undefined)[], now: Instant): Plan {
  const starts = runs.flatMap(({ expectedStart }) => (expectedStart ? [expectedStart.likely] : [])).sort();
  const last = ends.every((end) => end !== undefined) ? toExpected(lastOf(ends)) : null;
  return {
    at: new Date(now).toISOString(),
    runs,
    ...(starts[0] === undefined ? {} : { start: starts[0] }),
    ...(last ? { end: last.likely } : {}),
    deviceHours: rounded(runs.reduce((sum, { deviceHours }) => sum + deviceHours, 0)),
  };
}
