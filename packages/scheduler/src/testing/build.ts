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
  weight: 1,
  state: "schedulable",
  ...given,
});

/** Devices `a0`, `a1` … of worker `a`. */
export const worker = (name: string, count: number, given: Partial<Device> = {}): Device[] =>
  Array.from({ length: count }, (_, i) => device(`${name}${i}`, given));

type GivenQueued = Partial<Omit<QueuedRun, "needs">> & { needs?: Partial<Needs> };

/** Of team `t` and its user `t.u`, one whole device for an hour, queued a minute ago. */
export function queued(id: string, { needs, ...given }: GivenQueued = {}): QueuedRun {
  const teamId = given.teamId ?? "t";
  return {
    id,
    teamId,
    userId: `${teamId}.u`,
    class: "normal",
    priority: 0,
    queuedAt: NOW - MINUTE,
    notBefore: null,
    dependsOn: [],
    duration: exactly(HOUR),
    historyKeys: [],
    ...given,
    needs: { devices: 1, kinds: [], labels: [], memoryBytes: null, shares: false, ...needs },
  };
}

type GivenRunning = Partial<RunningRun> & { on: readonly string[]; bytes?: number | null };

/** Of team `t` and its user `t.u`, on whole devices since an hour, saved a minute ago, for an hour more. */
export function running(id: string, { on, bytes = null, ...given }: GivenRunning): RunningRun {
  const teamId = given.teamId ?? "t";
  return {
    id,
    teamId,
    userId: `${teamId}.u`,
    class: "normal",
    state: "running",
    startedAt: NOW - HOUR,
    stopsBy: null,
    allocations: on.map((deviceId) => ({ deviceId, reservedBytes: bytes, measuredBytes: null })),
    shares: bytes !== null,
    remaining: exactly(HOUR),
    duration: null,
    historyKeys: [],
    secondsSinceCheckpoint: 60,
    preemptible: true,
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
  return { id, weight: 1, usage: { deviceSeconds: used, at: NOW }, quota: null, ...rest };
};

export const user = (
  id: string,
  teamId: string,
  given: Partial<Omit<User, "usage">> & { used?: number } = {},
): User => {
  const { used = 0, ...rest } = given;
  return { id, teamId, weight: 1, usage: { deviceSeconds: used, at: NOW }, quota: null, ...rest };
};

export const history = (key: string, given: Partial<History> = {}): History => ({
  key,
  samples: 10,
  duration: exactly(HOUR),
  memoryRatio: null,
  ...given,
});

export const snapshot = (given: Partial<Snapshot>): Snapshot => ({
  devices: [],
  queued: [],
  running: [],
  teams: [],
  users: [],
  history: [],
  reservations: [],
  ...given,
});
