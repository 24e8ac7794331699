import type {
  Device,
  History,
  Needs,
  QueuedRun,
  Range,
  RunningRun,
  Snapshot,
  Team,
  TeamQuota,
  User,
} from "../snapshot.ts";

export const NOW = Date.UTC(2026, 5, 1, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const GB = 1e9;

/** A duration that is known exactly. */
export const exactly = (ms: number): Range => ({ earliest: ms, likely: ms, latest: ms });

export const device = (id: string, given: Partial<Device> = {}): Device => ({
  id,
  workerId: id.replace(/\d+$/, ""),
  kind: "cuda",
  labels: [],
  memoryBytes: 80 * GB,
  freeBytes: null,
  state: "schedulable",
  ...given,
});

/** Devices `a0`, `a1` … of worker `a`. */
export const worker = (name: string, count: number, given: Partial<Device> = {}): Device[] =>
  Array.from({ length: count }, (_, i) => device(`${name}${i}`, given));

/** The key of a history that says exactly this; `snapshot` adds that history for every run that has such a key. */
export const keyOfDuration = ({ earliest, likely, latest }: Range): string =>
  `takes/${earliest}/${likely}/${latest}`;

/** The histories of the keys of `keyOfDuration`. */
export function knownDurations(runs: readonly Pick<QueuedRun, "historyKeys">[]): History[] {
  const keys = new Set(runs.flatMap(({ historyKeys }) => historyKeys));
  return [...keys]
    .filter((key) => key.startsWith("takes/"))
    .map((key) => {
      const [earliest, likely, latest] = key.split("/").slice(1).map(Number);
      return history(key, { duration: { earliest: earliest!, likely: likely!, latest: latest! } });
    });
}

type GivenQueued = Partial<Omit<QueuedRun, "needs">> & { needs?: Partial<Needs>; duration?: Range };

/** A run of team `t` and its user `t.u` that needs one whole device for an hour and was queued a minute ago. */
export function queued(
  id: string,
  { needs, duration = exactly(HOUR), ...given }: GivenQueued = {},
): QueuedRun {
  const teamId = given.teamId ?? "t";
  return {
    id,
    teamId,
    userId: `${teamId}.u`,
    class: "normal",
    priority: 0,
    queuedAt: NOW - MINUTE,
    notBefore: null,
    historyKeys: [keyOfDuration(duration)],
    ...given,
    needs: { devices: 1, kinds: [], labels: [], memoryBytes: null, shares: false, ...needs },
  };
}

/** `bytes`: shares devices of 80 GB; `remaining`: expected, from now. */
type GivenRunning = Partial<RunningRun> & {
  on: readonly string[];
  bytes?: number | null;
  remaining?: Range;
};

/** A run of team `t` and its user `t.u` that has whole devices since an hour, saved a minute ago, and takes an hour more. */
export function running(
  id: string,
  { on, bytes = null, remaining = exactly(HOUR), ...given }: GivenRunning,
): RunningRun {
  const teamId = given.teamId ?? "t";
  const startedAt = given.startedAt ?? NOW - HOUR;
  const total = (left: number): number => NOW - startedAt + left;
  return {
    id,
    teamId,
    userId: `${teamId}.u`,
    class: "normal",
    state: "running",
    startedAt,
    stopsBy: null,
    allocations: on.map((deviceId) => ({
      deviceId,
      reservedBytes: bytes,
      units: bytes === null ? 1 : bytes / (80 * GB),
    })),
    shares: bytes !== null,
    historyKeys: [
      keyOfDuration({
        earliest: total(remaining.earliest),
        likely: total(remaining.likely),
        latest: total(remaining.latest),
      }),
    ],
    secondsSinceCheckpoint: 60,
    borrowing: false,
    aged: false,
    ...given,
  };
}

export const quota = (given: Partial<TeamQuota>): TeamQuota => ({
  devices: null,
  borrowing: null,
  queuedRuns: null,
  deviceHours: null,
  ...given,
});

export const team = (id: string, given: Partial<Omit<Team, "usage">> & { used?: number } = {}): Team => {
  const { used = 0, ...rest } = given;
  return { id, weight: 1, usage: used, quota: null, ...rest };
};

export const user = (
  id: string,
  teamId: string,
  given: Partial<Omit<User, "usage">> & { used?: number } = {},
): User => {
  const { used = 0, ...rest } = given;
  return { id, teamId, weight: 1, usage: used, quota: null, ...rest };
};

export const history = (key: string, given: Partial<History> = {}): History => ({
  key,
  samples: 10,
  duration: exactly(HOUR),
  memoryRatio: null,
  ...given,
});

export const snapshot = (given: Partial<Snapshot>): Snapshot => ({
  now: NOW,
  devices: [],
  queued: [],
  running: [],
  teams: [],
  users: [],
  reservations: [],
  ...given,
  history: [...(given.history ?? []), ...knownDurations([...(given.queued ?? []), ...(given.running ?? [])])],
});
