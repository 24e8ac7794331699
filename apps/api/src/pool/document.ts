import { connectionNeed, type Pool, type PoolConnections, type QueueServer } from "@espalier/contract";
import type { PoolState, Store } from "@espalier/store";
import type { Probe } from "../plugins/probe.ts";
import { alertsOf, databaseAlerts } from "./alerts.ts";
import type { DataFolderSeen } from "./data-folder-watch.ts";

/** What an API knows of the pool beside its database. */
export interface PoolSources {
  store: Pick<Store, "pool">;
  version: string;
  queue: Probe;
  queueServer: QueueServer;
  /** A pooler gives out connections of the database. */
  pooled: boolean;
  dataFolder: () => DataFolderSeen;
}

/**
 * How the pool is, as operators see it; runs of other teams than `teamId` are not named.
 * @param everyone with the webhooks of all teams
 */
export async function readPool(sources: PoolSources, teamId: string, everyone: boolean): Promise<Pool> {
  const { store, version, queue, queueServer, pooled } = sources;
  const [read, queueUp] = await Promise.all([store.pool.read(), queue.answers()]);
  const state = {
    ...read,
    pausedWebhooks: read.pausedWebhooks.filter((hook) => everyone || hook.teamId === teamId),
  };
  const { at, workers, devices, held, scheduler, queue: runs } = state;
  const { oldest, ...counts } = runs;
  const dataFolder = sources.dataFolder();
  const { lastPassAt } = scheduler;
  const pool: Omit<Pool, "alerts"> = {
    at,
    version,
    workers,
    devices,
    held,
    queue: {
      ...counts,
      ...(oldest && {
        oldest: { queuedAt: oldest.queuedAt, ...(oldest.teamId === teamId ? { runId: oldest.runId } : {}) },
      }),
    },
    dataFolder: viewOf(dataFolder),
    database: databaseOf(state, { queueServer, pooled }),
    deliveryQueues: {
      server: queueServer,
      state: queueUp ? "up" : "away",
      ...(queue.awaySince && { since: queue.awaySince.toISOString() }),
    },
    scheduler: {
      ...scheduler,
      ...(lastPassAt === undefined
        ? {}
        : { secondsAgo: Math.max(0, (Date.parse(at) - Date.parse(lastPassAt)) / 1000) }),
    },
  };
  return { ...pool, alerts: alertsOf({ pool, state, dataFolder, uptime: process.uptime() }) };
}

const databaseOf = (
  state: PoolState,
  given: Pick<PoolSources, "queueServer" | "pooled">,
): Pool["database"] => ({
  version: state.version,
  clockOffset: Math.round(state.clockOffset * 1000) / 1000,
  connections: connectionsOf(state, given),
});

/** Writes down which alerts there are that the database alone shows, for `since`. */
export async function noteAlerts({
  store,
  ...given
}: Pick<PoolSources, "store" | "queueServer" | "pooled">): Promise<void> {
  const state = await store.pool.read();
  const alerts = databaseAlerts({ ...state, database: databaseOf(state, given) }, state);
  await store.pool.noteAlerts(alerts);
}

function viewOf({ path, since, state }: DataFolderSeen): Pool["dataFolder"] {
  const { type, ...rest } = state;
  const { neededBytes: _neededBytes, ...facts } = { neededBytes: 0, ...rest };
  return { state: type, since: since.toISOString(), path, ...facts };
}

/** This API is there, also before its listener is. */
export function connectionsOf(
  { connections }: Pick<PoolState, "connections">,
  { queueServer, pooled }: Pick<PoolSources, "queueServer" | "pooled">,
): PoolConnections {
  const { reserved, ...found } = connections;
  const apis = Math.max(1, found.apis);
  return {
    ...found,
    apis,
    ...connectionNeed({ queue: queueServer, pooled, apis, workers: found.workers, reserved }),
    pooled,
  };
}
