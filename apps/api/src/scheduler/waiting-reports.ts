import type { ExpectedStart, Unblock, WaitingReason } from "@espalier/contract";
import type { DispatchWaiting } from "@espalier/store";
import type { Instant, PlannedReason, PlannedUnblock, Range, WaitingRun } from "@espalier/scheduler";

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

/** What a plan says, as the contract has it: instants as text, and of other teams' runs only how many there are. */
function publish(planned: PlannedReason | PlannedUnblock, names: NameRuns): object {
  const facts: Record<string, unknown> = { ...planned };
  if ("at" in planned) facts["at"] = iso(planned.at);
  if ("until" in planned) facts["until"] = iso(planned.until);
  return "runIds" in planned ? { ...facts, ...names(planned.runIds) } : facts;
}

/** A planned reason as its run's team may read it. */
export const toReason = (reason: PlannedReason, names: NameRuns): WaitingReason =>
  publish(reason, names) as WaitingReason;

export const toUnblock = (unblock: PlannedUnblock, names: NameRuns): Unblock =>
  publish(unblock, names) as Unblock;

export const toExpected = ({ earliest, likely, latest }: Range): ExpectedStart | null =>
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

/**
 * Positions and expected starts move with every pass; they are told as often as this, the longer the queue the less, and
 * least where many are ahead.
 */
const refreshMs = (waiting: number, position: number | null): number =>
  Math.max(1_000, Math.min(30_000, 3 * waiting), 3 * (position ?? 0));
/** An expected start that moved by less than this, or than a tenth of the wait, has not changed. */
const noticeableMs = 60_000;

/**
 * Why runs wait, as far as it has changed since it was told last: another reason at once, another place or start after a
 * while. A queue of ten thousand moves as a whole whenever its head starts.
 */
export class WaitingReports {
  #told = new Map<string, Told>();
  #dueAt: Instant | undefined;

  /** When a place or start that has moved may be told, and not before; undefined where none waits for that. */
  get dueAt(): Instant | undefined {
    return this.#dueAt;
  }

  /** @param teamOf by run, of those that wait and those that run */
  changed(
    waiting: readonly WaitingRun[],
    teamOf: ReadonlyMap<string, string>,
    now: Instant,
  ): DispatchWaiting[] {
    const changes: DispatchWaiting[] = [];
    const still = new Map<string, Told>();
    this.#dueAt = undefined;
    for (const { runId, reason, position, unblockedBy, expectedStart } of waiting) {
      // The run's state says it.
      if (reason.code === "starting") continue;
      const told = this.#told.get(runId);
      const next = { gist: gistOf(reason), position, likely: expectedStart?.likely ?? null, at: now };
      if (told && told.gist === next.gist) {
        const dueAt = told.at + refreshMs(waiting.length, position);
        const moved = hasMoved(told, next, now);
        if (!moved || now < dueAt) {
          if (moved) this.#dueAt = Math.min(this.#dueAt ?? dueAt, dueAt);
          still.set(runId, told);
          continue;
        }
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

  /** What was told of these runs, or of all, was not stored: it is told again. */
  forget(untold?: readonly DispatchWaiting[]): void {
    if (untold) for (const { runId } of untold) this.#told.delete(runId);
    else this.#told = new Map();
  }
}

/** Facts of each reason whose change makes it another reason. Those left out move whenever others start or end. */
const stableFacts: {
  [Code in PlannedReason["code"]]: readonly (keyof Extract<PlannedReason, { code: Code }>)[];
} = {
  starting: ["workerId"],
  "not-yet-due": ["at"],
  "no-device-fits": ["needsBytes", "largestBytes", "needsDevices", "mostDevices"],
  "worker-missing": ["kinds", "labels"],
  "device-cordoned": ["deviceIds"],
  "team-quota": ["quota", "limit"],
  "user-quota": ["quota", "limit"],
  "held-for-aged": ["runIds"],
  "held-for-head": ["runIds"],
  "gang-incomplete": [],
  "waiting-for-memory": [],
  "fair-share-behind": [],
  "waiting-for-device": [],
  preempting: ["runIds"],
};

function gistOf(reason: PlannedReason): string {
  const facts = stableFacts[reason.code] as readonly (keyof PlannedReason)[];
  return facts.length === 0
    ? reason.code
    : JSON.stringify([reason.code, ...facts.map((fact) => reason[fact])]);
}

function hasMoved(told: Told, next: Told, now: Instant): boolean {
  if (told.position !== next.position) return true;
  if (told.likely === null || next.likely === null) return told.likely !== next.likely;
  return Math.abs(told.likely - next.likely) > Math.max(noticeableMs, 0.1 * Math.abs(next.likely - now));
}
