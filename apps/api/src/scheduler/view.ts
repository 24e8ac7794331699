import { historyKeys } from "@espalier/store";
import type { DispatchAccount, DispatchQueued, DispatchRunning, DispatchSnapshot } from "@espalier/store";
import { defaultPolicy, type Policy } from "@espalier/scheduler";
import type {
  HourQuota,
  Instant,
  QueuedRun,
  Reservation,
  RunningRun,
  Snapshot,
  Team,
  Usage,
  User,
} from "@espalier/scheduler";
import { accrued, decayed } from "@espalier/scheduler";

/** A device that does not say how much memory it has is taken for a small card. */
const unknownMemoryBytes = 8e9;

/** A run without a user of its own counts as its team's. */
const userOf = ({ teamId, userId }: { teamId: string; userId: string | null }): string => userId ?? teamId;

/** What the plan sees of a snapshot of the database: the same, with what running runs have used so far added to usage. */
export function viewOf(given: DispatchSnapshot, policy: Policy = defaultPolicy): Snapshot {
  const { now } = given;
  const accounts = new Map<string, DispatchRunning[]>();
  for (const run of given.running)
    for (const id of [run.teamId, userOf(run)]) accounts.set(id, [...(accounts.get(id) ?? []), run]);
  const usageOf = (account: DispatchAccount): Usage =>
    usageNow(account, accounts.get(account.id) ?? [], now, policy);
  const hoursOf = (account: DispatchAccount): HourQuota | null =>
    account.hours === null
      ? null
      : {
          limit: account.hours,
          used: spentHours(account, accounts.get(account.id) ?? [], now),
          endsAt: account.periodTo,
        };
  return {
    devices: given.devices.map(({ labels, memoryBytes, ...device }) => ({
      ...device,
      labels: Object.entries(labels).map(([name, value]) => `${name}=${value}`),
      memoryBytes: memoryBytes || unknownMemoryBytes,
      weight: 1,
    })),
    queued: given.queued.map(toQueued),
    running: given.running.map(toRunning),
    teams: given.teams.map((team): Team => ({
      id: team.id,
      weight: team.weight,
      usage: usageOf(team),
      quota: {
        devices: team.devices,
        borrowing: team.borrowing,
        queuedRuns: team.queuedRuns,
        deviceHours: hoursOf(team),
      },
    })),
    users: given.users.map((user): User => ({
      id: user.id,
      teamId: user.teamId,
      weight: user.weight,
      usage: usageOf(user),
      quota: { devices: user.devices, deviceHours: hoursOf(user) },
    })),
    history: given.history.map(({ earliest, likely, latest, ...history }) => ({
      ...history,
      duration: { earliest, likely, latest },
    })),
    reservations: given.reservations as Reservation[],
  };
}

function toQueued(run: DispatchQueued): QueuedRun {
  const {
    id,
    teamId,
    class: priorityClass,
    priority,
    queuedAt,
    notBefore,
    needs,
    predictedBytes,
    shares,
  } = run;
  return {
    id,
    teamId,
    userId: userOf(run),
    class: priorityClass,
    priority,
    queuedAt,
    notBefore,
    dependsOn: none,
    needs: {
      devices: needs?.devices ?? 1,
      kinds: needs?.kinds ?? none,
      labels: needs?.labels ?? none,
      memoryBytes: needs?.memoryBytes ?? predictedBytes,
      shares,
    },
    duration: null,
    historyKeys: historyKeys(run),
  };
}

const none: readonly string[] = [];

function toRunning(run: DispatchRunning): RunningRun {
  const { id, teamId, class: priorityClass, startedAt, stopsBy, shares, borrowing, aged } = run;
  return {
    id,
    teamId,
    userId: userOf(run),
    class: priorityClass,
    state: stopsBy !== null ? "stopping" : run.state === "RUNNING" ? "running" : "starting",
    startedAt,
    stopsBy,
    allocations: run.devices.map(({ deviceId, reservedBytes }) => ({
      deviceId,
      reservedBytes,
      measuredBytes: null,
    })),
    shares,
    remaining: null,
    duration: null,
    historyKeys: historyKeys(run),
    secondsSinceCheckpoint: run.secondsSinceCheckpoint,
    preemptible: true,
    borrowing,
    aged,
  };
}

const unitsOf = ({ devices }: DispatchRunning): number => devices.reduce((sum, { units }) => sum + units, 0);

/** Decayed usage now: of attempts that have ended, and of those that run, each at its rate since it started. */
export function usageNow(
  { usedSeconds, usedAt }: Pick<DispatchAccount, "usedSeconds" | "usedAt">,
  running: readonly DispatchRunning[],
  now: Instant,
  { halfLifeMs, charge }: Policy,
): Usage {
  const ended = decayed({ deviceSeconds: usedSeconds, at: usedAt }, now, halfLifeMs);
  const going = running
    .filter(({ state }) => state === "RUNNING")
    .map((run) => {
      const start = { deviceSeconds: 0, at: Math.min(run.startedAt, now) };
      return accrued(start, unitsOf(run) * charge[run.class], now, halfLifeMs).deviceSeconds;
    });
  return { deviceSeconds: going.reduce((sum, each) => sum + each, ended), at: now };
}

/** Device hours of the period, running runs included. */
export const spentHours = (
  { spentHours: ended, periodFrom }: Pick<DispatchAccount, "spentHours" | "periodFrom">,
  running: readonly DispatchRunning[],
  now: Instant,
): number =>
  running
    .filter(({ state }) => state === "RUNNING")
    .reduce(
      (sum, run) => sum + (unitsOf(run) * Math.max(0, now - Math.max(run.startedAt, periodFrom))) / 3_600_000,
      ended,
    );
