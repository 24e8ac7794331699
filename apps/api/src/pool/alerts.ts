import {
  clockTolerance,
  raise,
  schedulerSilence,
  type Alert,
  type Pool,
  type PoolConnections,
} from "@espalier/contract";
import { alertKey, type PoolState } from "@espalier/store";
import type { DataFolderSeen } from "./data-folder-watch.ts";

/** What alerts are judged from: the document, and what it leaves out. */
export interface AlertInput {
  pool: Omit<Pool, "alerts">;
  state: Pick<PoolState, "hosts" | "clocks" | "alertsSince" | "pausedWebhooks">;
  dataFolder: DataFolderSeen;
  /** How long this API has been there, in seconds: before its first passes the scheduler is not silent. */
  uptime: number;
}

/** So much of the connections in use is worth an alert. */
const muchOf = 0.9;

/** What is wrong with the pool, the worst first. What a whole pool suffers from is said once, not for each device. */
export function alertsOf({ pool, state, dataFolder, uptime }: AlertInput): Alert[] {
  const alerts = [
    ...ofDataFolder(dataFolder),
    ...ofScheduler(pool, uptime),
    ...ofDeliveryQueues(pool),
    ...ofParts(pool, state, dataFolder),
    ...databaseAlerts(pool, state),
    ...state.pausedWebhooks.map(({ team, name, reason, since }) =>
      raise("webhook-paused", `webhook ${name}`, { team, name, reason }, since),
    ),
  ];
  const rank = ({ severity }: Alert): number => (severity === "critical" ? 0 : 1);
  return alerts.sort((a, b) => rank(a) - rank(b));
}

/**
 * Those that are judged from the database alone, and whose beginning nothing there tells: the leader notes them every few
 * seconds, so that `since` is known.
 */
export function databaseAlerts(
  pool: Pick<AlertInput["pool"], "workers" | "devices" | "queue" | "database">,
  state: Pick<PoolState, "clocks" | "alertsSince">,
): Alert[] {
  return [...ofWorkers(pool), ...ofConnections(pool), ...ofClocks(pool, state)].map((alert) => {
    const since = state.alertsSince.get(alertKey(alert));
    return since === undefined ? alert : { ...alert, since };
  });
}

function ofDataFolder({ path, since, state }: DataFolderSeen): Alert[] {
  const at = since.toISOString();
  if (state.type === "away") return [raise("data-folder-away", "data folder", { reason: state.reason }, at)];
  if (state.type === "ready") return [];
  const { freeBytes, neededBytes } = state;
  return [raise("data-folder-full", "data folder", { path, freeBytes, neededBytes }, at)];
}

function ofScheduler(
  { scheduler: { lastPassAt, secondsAgo, leader } }: AlertInput["pool"],
  uptime: number,
): Alert[] {
  const seconds = secondsAgo ?? uptime;
  if (seconds <= schedulerSilence || uptime <= schedulerSilence) return [];
  return [raise("scheduler-silent", "scheduler", { seconds, leader: leader ?? "nobody" }, lastPassAt)];
}

function ofDeliveryQueues({ deliveryQueues: { server, state, since } }: AlertInput["pool"]): Alert[] {
  if (state === "up") return [];
  const facts = { server: server === "redis" ? "Redis" : "PostgreSQL" } as const;
  return [raise("delivery-queues-away", "delivery queues", facts, since)];
}

function ofWorkers({
  workers,
  devices,
  queue: { queued },
}: Pick<AlertInput["pool"], "workers" | "devices" | "queue">): Alert[] {
  if (workers.active + workers.draining === 0) return [raise("no-worker", "pool", { queued })];
  const living = devices.idle + devices.busy + devices.held;
  return devices.open === 0 ? [raise("no-device", "pool", { devices: living })] : [];
}

function ofConnections({ database: { connections } }: Pick<AlertInput["pool"], "database">): Alert[] {
  if (!connections) return [];
  const { used, allowed, needed, fitting } = connections;
  const processes = processesOf(connections);
  return [
    ...(used >= muchOf * allowed ? [raise("connections-used", "database", { used, allowed })] : []),
    ...(needed > allowed
      ? [raise("connections-short", "database", { needed, allowed, processes, fitting })]
      : []),
  ];
}

/** Workers that are lost, and devices that are held. What operators hold is as they want it. */
function ofParts(
  { held }: AlertInput["pool"],
  { hosts }: AlertInput["state"],
  { state: { type } }: DataFolderSeen,
): Alert[] {
  return held.flatMap(({ worker, devices, cause, since, reason = "" }) => {
    if (cause === "drain" || cause === "cordon") return [];
    if (cause === "lost")
      return [raise("worker-lost", worker, { worker, host: hosts.get(worker) ?? "its host" }, since)];
    if ((cause === "data-full" && type === "full") || (cause === "data-folder" && type === "away")) return [];
    return [raise("device-held", [worker, ...devices].join(" "), { cause, reason }, since)];
  });
}

function ofClocks(
  { database }: Pick<AlertInput["pool"], "database">,
  { clocks }: Pick<PoolState, "clocks">,
): Alert[] {
  const off = Math.abs(database.clockOffset) > clockTolerance;
  const own = { host: "this API's host", seconds: database.clockOffset };
  return [
    ...(off ? [raise("clock-off", "API", own)] : []),
    ...clocks.map(({ worker, host, offset }) => raise("clock-off", worker, { host, seconds: offset })),
  ];
}

/** Such as `1 API (20 each) and 3 workers (9 each)`. */
export const processesOf = ({ apis, workers, perApi, perWorker }: PoolConnections): string =>
  `${counted(apis, "API")} (${perApi} each) and ${counted(workers, "worker")} (${perWorker} each)`;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
