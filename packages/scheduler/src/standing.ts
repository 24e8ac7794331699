import { defaultPolicy, type Policy } from "./policy.ts";
import type { Device, Instant, Reservation, RunningRun, Snapshot } from "./snapshot.ts";

/**
 * What time alone changes moves the order of a plan and the starts that it foretells, but frees no device: usage decays, and what
 * runs will still take becomes less. After so long a plan is made anew all the same.
 */
const longestMs = 10_000;
/** Foreign use of a device's memory moves all the time. Less than this part of it changes nothing. */
const memoryParts = 64;

/** What a plan has decided, with the snapshot that it was made from. */
export interface Planned {
  readonly snapshot: Snapshot;
  readonly reservations: readonly Reservation[];
}

/**
 * Whether a plan that started and preempted nothing still holds for a later snapshot, so that none need be made: no run, device,
 * team, user or history that it read has changed, none of its instants has come, and it is young. What grows with time alone
 * (usage, the age of a checkpoint) may have grown. Costs a comparison for each device, running run and team; of the queue, only
 * whether it is the same list, and the instants that lie ahead.
 */
export class Standing {
  readonly #planned: Planned;
  readonly #until: Instant;

  constructor(planned: Planned, policy: Policy = defaultPolicy) {
    this.#planned = planned;
    this.#until = nextInstant(planned.snapshot, policy);
  }

  holdsFor(next: Snapshot): boolean {
    const { snapshot, reservations } = this.#planned;
    return (
      next.queued === snapshot.queued &&
      next.now < this.#until &&
      alike(next.running, snapshot.running, runningAspects) &&
      alike(next.devices, snapshot.devices, deviceAspects) &&
      alike(next.teams, snapshot.teams, ({ id, weight, quota }) => [
        id,
        weight,
        JSON.stringify(quota, still),
      ]) &&
      alike(next.users, snapshot.users, ({ id, weight, quota }) => [
        id,
        weight,
        JSON.stringify(quota, still),
      ]) &&
      alike(next.history, snapshot.history, ({ key, samples, duration, memoryRatio }) => [
        key,
        samples,
        duration.earliest,
        duration.likely,
        duration.latest,
        memoryRatio,
      ]) &&
      sameReservations(next.reservations, reservations)
    );
  }
}

/** The first instant after `now` at which the same rows mean something else. */
function nextInstant(
  { now, queued, running, teams, users }: Snapshot,
  { patienceMs, minRunMs }: Policy,
): Instant {
  let next = now + longestMs;
  const at = (instant: Instant | null | undefined): void => {
    if (instant != null && instant > now && instant < next) next = instant;
  };
  for (const { notBefore, avoids, queuedAt, class: name } of queued) {
    at(notBefore);
    at(avoids?.until);
    at(queuedAt + patienceMs[name]);
  }
  for (const { stopsBy, startedAt } of running) {
    at(stopsBy);
    at(startedAt + minRunMs);
  }
  for (const { quota } of [...teams, ...users]) at(quota?.deviceHours?.endsAt);
  return next;
}

/** Of a quota of hours, what is used grows all the time: it can only forbid more, and a plan that stands starts nothing. */
const still = (key: string, value: unknown): unknown => (key === "used" ? undefined : value);

const runningAspects = (run: RunningRun): readonly unknown[] => [
  run.id,
  run.teamId,
  run.userId,
  run.class,
  run.state,
  run.startedAt,
  run.stopsBy,
  run.shares,
  run.wallMs,
  run.borrowing,
  run.aged,
  run.historyKeys.join(" "),
  ...run.allocations.flatMap(({ deviceId, reservedBytes, units }) => [deviceId, reservedBytes, units]),
];

const deviceAspects = ({ id, workerId, kind, labels, memoryBytes, freeBytes, state }: Device) => [
  id,
  workerId,
  kind,
  labels.join(" "),
  memoryBytes,
  freeBytes === null ? null : Math.round((freeBytes / memoryBytes) * memoryParts),
  state,
];

/** Whether two lists in whatever order hold the same, as far as these aspects go. */
function alike<T extends { readonly id: string } | { readonly key: string }>(
  a: readonly T[],
  b: readonly T[],
  aspects: (each: T) => readonly unknown[],
): boolean {
  if (a.length !== b.length) return false;
  const of = new Map(a.map((each) => [nameOf(each), each]));
  return b.every((each) => {
    const other = of.get(nameOf(each));
    if (other === undefined) return false;
    const [these, those] = [aspects(each), aspects(other)];
    return these.length === those.length && these.every((aspect, i) => Object.is(aspect, those[i]));
  });
}

const nameOf = (each: { readonly id: string } | { readonly key: string }): string =>
  "id" in each ? each.id : each.key;

/** The instants at which devices are expected move all the time; what is kept for whom does not. */
export const sameReservations = (a: readonly Reservation[], b: readonly Reservation[]): boolean =>
  a.length === b.length &&
  a.every(({ runId, deviceIds, promised }, i) => {
    const other = b[i]!;
    return (
      other.runId === runId &&
      other.promised === promised &&
      other.deviceIds.join(" ") === deviceIds.join(" ")
    );
  });
