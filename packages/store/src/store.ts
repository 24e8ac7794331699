import pg from "pg";
import { leaseTiming, leastFree, type LeaseTiming } from "@espalier/contract";
import { createArrays, type Arrays } from "./arrays/arrays.ts";
import { createArtifacts, type Artifacts } from "./artifacts/artifacts.ts";
import { createAudit, type Audit } from "./audit/audit.ts";
import type { Bytes } from "./bytes/bytes.ts";
import { createDataFolder, type DataFolder } from "./bytes/data-folder.ts";
import { openDisk } from "./bytes/disk.ts";
import { readConnections, type Connections } from "./database/connections.ts";
import { openDatabase, toProblem, type Transaction } from "./database/database.ts";
import { mayActAsApi, type GrantedRole } from "./database/roles.ts";
import { createDatasets, type Datasets } from "./datasets/datasets.ts";
import { createDeletions, type Deletions } from "./retention/deletions.ts";
import { createCollector, type Collector } from "./retention/garbage.ts";
import { createOwners, type Owners } from "./teams/owners.ts";
import { createPolicies, type Policies } from "./retention/policies.ts";
import { createDispatch, type Dispatch } from "./dispatch/dispatch.ts";
import { createEvents, type Events } from "./events/events.ts";
import { createExperiments, type Experiments } from "./experiments/experiments.ts";
import { createHeartbeats, type Heartbeats } from "./attempts/heartbeats.ts";
import { createDeviceHistories, type DeviceHistories } from "./pool/device-history.ts";
import { createHolds, type Holds } from "./pool/holds.ts";
import { createRequestCounts, type RequestCounts } from "./limits/request-counts.ts";
import { createIdempotency, type Idempotency } from "./teams/idempotency.ts";
import { createLeader, type Leader } from "./database/leader.ts";
import { createLeases, type Leases } from "./attempts/leases.ts";
import { createLogs, type Logs } from "./runs/logs.ts";
import { createMetrics, type Metrics } from "./runs/metrics.ts";
import { createModels, type Models } from "./models/models.ts";
import { createActivities, type Activities } from "./pool/activity.ts";
import { createPoolStates, type PoolStates } from "./pool/pool-state.ts";
import { createQueued, type Queued } from "./runs/queued.ts";
import { createRuns, type Runs } from "./runs/runs.ts";
import { createSchedules, type Schedules } from "./schedules/schedules.ts";
import { createSecrets, type Secrets } from "./runs/secrets.ts";
import { resealAll } from "./secrets/reseal.ts";
import { Sealer } from "./secrets/sealer.ts";
import { createSpace, type Space } from "./teams/space.ts";
import { createTeams, type Teams } from "./teams/teams.ts";
import { createUploads, type Uploads } from "./models/uploads.ts";
import { createWebhookDeliveries, type WebhookDeliveries } from "./webhooks/deliveries.ts";
import { makeMessages } from "./webhooks/messages.ts";
import { createSending, type Sending } from "./webhooks/sending.ts";
import { createViews, type Views } from "./views/views.ts";
import { createWebhooks, type Webhooks } from "./webhooks/webhooks.ts";
import { createWorkerEvents, type WorkerEvents } from "./pool/worker-events.ts";
import { createWorkers, type Workers } from "./pool/workers.ts";

export interface StoreOptions {
  /** `postgresql://` of the database; with a `sessionUrl` it may be a pooler such as PgBouncer in transaction mode. */
  databaseUrl: string;
  /** The server itself, for what needs a session: listening to events and leadership. Default: `databaseUrl`. */
  sessionUrl?: string | undefined;
  /** Begins the `application_name` of every connection; default `espalier`. */
  application?: string;
  /** Folder of the stored bytes. */
  bytesRoot: string;
  /** Makes the folder if it is missing; default true. */
  makeBytesRoot?: boolean;
  /** What must be free on the volume of the folder, or it counts as full. Default: `leastFree.data`. */
  leastFreeBytes?: number;
  /** Connections of the pool at most; default 10. Renewing, listening to events and leadership take one more each. */
  poolSize?: number;
  /** Seals the secrets of runs; at least 32 characters. Without it, no secret is accepted. */
  secret?: string | undefined;
  /** Open what was sealed with them before `secret` was the one. */
  previousSecrets?: readonly string[] | undefined;
  /** Default: a lease of 45 s. All processes of a pool must have the same. */
  lease?: LeaseTiming;
  /**
   * What the process may do in the database: an API acts for the team of each request (`actFor`), `pool` over all teams. Without the
   * roles of docs/operations.md, and by default, all that the user of the URL may.
   */
  role?: GrantedRole | undefined;
}

/**
 * All durable state. A read for a team throws `resource/not-found` for what belongs to another team. Every call throws
 * `service/unavailable` when the database cannot be reached. Every change of a run's state writes its event in the same
 * transaction.
 */
export interface Store {
  teams: Teams;
  space: Space;
  audit: Audit;
  owners: Owners;
  idempotency: Idempotency;
  requestCounts: RequestCounts;
  uploads: Uploads;
  models: Models;
  datasets: Datasets;
  artifacts: Artifacts;
  deletions: Deletions;
  collector: Collector;
  policies: Policies;
  experiments: Experiments;
  arrays: Arrays;
  schedules: Schedules;
  runs: Runs;
  queued: Queued;
  pool: PoolStates;
  activities: Activities;
  leases: Leases;
  secrets: Secrets;
  dispatch: Dispatch;
  metrics: Metrics;
  logs: Logs;
  events: Events;
  workers: Workers;
  heartbeats: Heartbeats;
  holds: Holds;
  workerEvents: WorkerEvents;
  views: Views;
  deviceHistories: DeviceHistories;
  webhooks: Webhooks;
  webhookDeliveries: WebhookDeliveries;
  /** Makes messages for webhooks of what has happened; see `messages.ts`. */
  webhookMessages: { make(): Promise<number> };
  webhookSending: Sending;
  leader: Leader;
  bytes: Bytes;
  dataFolder: DataFolder;
  /** Commits when `work` returns, rolls back when it throws, and runs it again after a deadlock. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Seals with `secret` what one of `previousSecrets` has sealed, and returns how much that was. */
  resealAll(): Promise<number>;
  /** For the budget of connections. */
  connections(): Promise<Connections>;
  /** Takes at most so many connections for statements and transactions from now on; those beyond are closed when they are idle. */
  limitConnections(most: number): void;
  /** One round trip to the database. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the store; the database must be migrated. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, sessionUrl, application, bytesRoot, makeBytesRoot: create = true } = options;
  const {
    poolSize = 10,
    secret,
    previousSecrets,
    lease = leaseTiming,
    leastFreeBytes = leastFree.data,
  } = options;
  const role = await usableRole(options);
  const database = openDatabase({
    url: databaseUrl,
    sessionUrl,
    poolSize,
    leaseSeconds: lease.lease,
    application,
    role,
  });
  // These act over all teams, as what they do concerns the pool, or finds out who calls.
  const { allTeams } = database;
  const dataFolder = createDataFolder(allTeams, bytesRoot, leastFreeBytes);
  const bytes = await openDisk(bytesRoot, { create, confirm: () => dataFolder.confirm() });
  const events = createEvents(database);
  const sealer = new Sealer({ secret, previousSecrets });
  const secrets = createSecrets(database, sealer);
  return {
    teams: createTeams(allTeams),
    space: createSpace(database),
    audit: createAudit(database),
    owners: createOwners(database),
    idempotency: createIdempotency(database),
    requestCounts: createRequestCounts(allTeams),
    uploads: createUploads(database, bytes),
    models: createModels(database, secrets),
    datasets: createDatasets(database),
    artifacts: createArtifacts(database),
    deletions: createDeletions(database),
    collector: createCollector(allTeams, bytes),
    policies: createPolicies(allTeams),
    experiments: createExperiments(database),
    arrays: createArrays(database),
    schedules: createSchedules(database),
    runs: createRuns(database),
    queued: createQueued(allTeams),
    pool: createPoolStates(allTeams),
    activities: createActivities(allTeams),
    leases: createLeases(allTeams, lease),
    secrets,
    dispatch: createDispatch(allTeams, lease),
    metrics: createMetrics(database),
    logs: createLogs(database),
    events,
    workers: createWorkers(allTeams, lease),
    heartbeats: createHeartbeats(allTeams),
    holds: createHolds(allTeams),
    workerEvents: createWorkerEvents(allTeams),
    views: createViews(database),
    deviceHistories: createDeviceHistories(allTeams),
    webhooks: createWebhooks(database, sealer),
    webhookDeliveries: createWebhookDeliveries(database),
    webhookMessages: { make: () => makeMessages(allTeams) },
    webhookSending: createSending(allTeams, sealer),
    resealAll: () => resealAll(allTeams, sealer),
    leader: createLeader(database, lease),
    bytes,
    dataFolder,
    transaction: database.transaction,
    connections: () => readConnections(allTeams),
    limitConnections: database.limit,
    async ping() {
      await database.query("select 1");
    },
    async close() {
      await events.close();
      await database.close();
    },
  };
}

/** The role that the process was started for, where the database has it. Others are looked for with each connection. */
async function usableRole({ databaseUrl, sessionUrl, role }: StoreOptions) {
  if (role === undefined || role === "worker" || (role === "pool" && sessionUrl === undefined)) return role;
  const client = new pg.Client({
    connectionString: sessionUrl ?? databaseUrl,
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await mayActAsApi(client)) ? role : undefined;
  } catch (error) {
    throw toProblem(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
