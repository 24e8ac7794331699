import type { ExpectedStart, Unblock, WaitingReason } from "@espalier/contract";
import type { DispatchWaiting } from "@espalier/store";
import type { Unblock as PlannedUnblock, Waiting, WaitingReason as PlannedReason } from "@espalier/scheduler";
import type { Instant, Range } from "@espalier/scheduler";

const iso = (at: Instant): string => new Date(at).toISOString();

/** The runs of a team by name, those of others as a number. */
export type NameRuns = (runIds: readonly string[]) => { runIds: string[]; others?: number };

/** Names runs of `teamId` only. */
export const namesFor =
  (teamId: string, teamOf: ReadonlyMap<string, string>): NameRuns =>
  (runIds) => {
    const own = runIds.filter((id) => teamOf.get(id) === teamId);
    const others = runIds.length - own.length;
    return others > 0 ? { runIds: own, others } : { runIds: own };
  };

/** A planned reason as its run's team is told it. */
export function toReason(reason: PlannedReason, names: NameRuns): WaitingReason {
  switch (reason.code) {
    case "not-yet-due":
      return { code: reason.code, at: iso(reason.at) };
    case "no-device-fits": {
      const { needsBytes, ...facts } = reason;
      return needsBytes === null ? facts : { ...facts, needsBytes };
    }
    case "held-for-aged":
      return { code: reason.code, ...names([reason.runId]) };
    case "held-for-head":
      return { code: reason.code, ...names([reason.runId]), until: iso(reason.until) };
    case "preempting":
      return { code: reason.code, ...names(reason.runIds), until: iso(reason.until) };
    case "fair-share-behind":
      return { code: reason.code, share: reason.share, fair: reason.fair };
    case "worker-missing":
      return { code: reason.code, kinds: [...reason.kinds], labels: [...reason.labels] };
    case "device-cordoned":
      return { code: reason.code, deviceIds: [...reason.deviceIds] };
    default:
      return reason;
  }
}

function toUnblock(unblock: PlannedUnblock, names: NameRuns): Unblock {
  switch (unblock.by) {
    case "time":
      return { by: unblock.by, at: iso(unblock.at) };
    case "runs":
      return { by: unblock.by, ...names(unblock.runIds) };
    case "device":
      return { by: unblock.by, deviceIds: [...unblock.deviceIds] };
    default:
      return unblock;
  }
}

const toExpected = ({ earliest, likely, latest }: Range): ExpectedStart | null =>
  [earliest, likely, latest].every((at) => at < longest)
    ? { earliest: iso(earliest), likely: iso(likely), latest: iso(latest) }
    : null;
/** A start that lies beyond is none. */
const longest = Date.UTC(9999, 0);

/** What was told of a run. */
interface Told {
  /** The reason without what changes all the time. */
  readonly gist: string;
  readonly position: number | null;
  readonly likely: Instant | null;
  readonly at: Instant;
}

/** Positions and expected starts move with every pass; they are told as often as this, the longer the queue the less. */
const refreshMs = (waiting: number): number => Math.min(30_000, Math.max(1_000, 3 * waiting));
/** An expected start that moved by less than this, or than a tenth of the wait, has not changed. */
const noticeableMs = 60_000;

/**
 * Why runs wait, as far as it has changed since it was told last: another reason at once, another place or start after a
 * while. A queue of ten thousand moves as a whole whenever its head starts.
 */
export class WaitingReports {
  #told = new Map<string, Told>();

  /** @param teamOf by run, of those that wait and those that run */
  changed(waiting: readonly Waiting[], teamOf: ReadonlyMap<string, string>, now: Instant): DispatchWaiting[] {
    const changes: DispatchWaiting[] = [];
    const still = new Map<string, Told>();
    const refresh = refreshMs(waiting.length);
    for (const { runId, reason, position, unblockedBy, expectedStart } of waiting) {
      // The run's state says it.
      if (reason.code === "starting") continue;
      const told = this.#told.get(runId);
      const next = { gist: gistOf(reason), position, likely: expectedStart?.likely ?? null, at: now };
      if (told && told.gist === next.gist && !(now - told.at >= refresh && hasMoved(told, next, now))) {
        still.set(runId, told);
        continue;
      }
      still.set(runId, next);
      const names = namesFor(teamOf.get(runId) ?? "", teamOf);
      changes.push({
        runId,
        reason: toReason(reason, names),
        position,
        unblockedBy: unblockedBy.map((unblock) => toUnblock(unblock, names)),
        expectedStart: expectedStart && toExpected(expectedStart),
      });
    }
    this.#told = still;
    return changes;
  }

  /** What was told was not stored: everything is told again. */
  forget(): void {
    this.#told = new Map();
  }
}

/** Numbers that others' starts move are no part of it. */
function gistOf(reason: PlannedReason): string {
  switch (reason.code) {
    case "waiting-for-device":
    case "fair-share-behind":
    case "gang-incomplete":
    case "waiting-for-memory":
      return reason.code;
    case "held-for-head":
      return `${reason.code} ${reason.runId}`;
    case "team-quota":
    case "user-quota":
      return `${reason.code} ${reason.quota} ${reason.limit}`;
    case "preempting":
      return `${reason.code} ${reason.runIds.join(" ")}`;
    default:
      return JSON.stringify(reason);
  }
}

function hasMoved(told: Told, next: Told, now: Instant): boolean {
  if (told.position !== next.position) return true;
  if (told.likely === null || next.likely === null) return told.likely !== next.likely;
  return Math.abs(told.likely - next.likely) > Math.max(noticeableMs, 0.1 * Math.abs(next.likely - now));
}
