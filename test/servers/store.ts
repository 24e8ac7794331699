import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, Problem, type Lease, type ProblemCode, type Progress, type Run } from "@espalier/contract";
import {
  migrate,
  openStore,
  type Claim,
  type Delivery,
  type NewDevice,
  type NewRun,
  type Store,
} from "@espalier/store";
import pg from "pg";
import { claimOn, place } from "./place.ts";
import { freshDatabase } from "./postgres.ts";
import { settled } from "./settled.ts";

/** A store on a database of its own, with one team and one worker, and a client to look behind it. */
export interface TestStore extends Store {
  /** The same as an API has it: it acts for the team of each request, and sees the rows of no other. */
  served: Store;
  teamId: string;
  workerId: string;
  deviceId: string;
  databaseUrl: string;
  /** Folder of its bytes. */
  bytesRoot: string;
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Submits a run that needs no other, or those named. */
  submit: (dependsOn?: string[], more?: Partial<NewRun>) => Promise<Run>;
  /** Gives a queued run the worker's device; undefined when that cannot be. */
  placed: (runId: string) => Promise<Delivery | undefined>;
  /** Gives a queued run the worker's device and claims it. */
  claimed: (runId: string) => Promise<Claim>;
  /** A heartbeat with one run; undefined when its lease is lost. */
  beat: (lease: Lease, progress?: Progress) => Promise<{ cancel: boolean; preempt: boolean } | undefined>;
  /** Waits until `events` shows all that is committed by now. */
  settled: () => Promise<void>;
  /** Closes the store and deletes its bytes. */
  discard: () => Promise<void>;
}

/** ESPALIER_SECRET of test stores. */
export const testSecret = "a secret that only the tests know";

/** A processor as a worker of a test declares it. */
export const cpu: NewDevice = {
  address: "cpu",
  identity: "cpu",
  kind: "cpu",
  name: "cpu",
  engine: "onnx-cpu",
  memoryBytes: 1e9,
};

/** @param server URL of a PostgreSQL; default: the one that tests share */
export async function openTestStore(server?: string): Promise<TestStore> {
  const databaseUrl = await freshDatabase(server);
  await migrate(databaseUrl);
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-store-"));
  const store = await openStore({ databaseUrl, bytesRoot, poolSize: 8, secret: testSecret });
  const served = await openStore({ databaseUrl, bytesRoot, poolSize: 8, secret: testSecret, role: "api" });
  const atWorker = await openStore({
    databaseUrl,
    bytesRoot,
    poolSize: 8,
    secret: testSecret,
    role: "worker",
  });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on("error", () => undefined);
  const team = await store.teams.ensure("orchard");
  const worker = await store.workers.register({
    name: "w",
    host: "here",
    version: "0",
    devices: [cpu],
  });
  const [{ id: deviceId }] = worker.devices;
  const sql = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await pool.query<Row>(text, values)).rows;
  return {
    ...store,
    // What workers do is done with a worker's rights.
    leases: { ...atWorker.leases, sweepExpired: (...given) => store.leases.sweepExpired(...given) },
    heartbeats: atWorker.heartbeats,
    secrets: { ...store.secrets, open: (lease) => atWorker.secrets.open(lease) },
    served,
    teamId: team.id,
    workerId: worker.id,
    deviceId,
    databaseUrl,
    bytesRoot,
    sql,
    submit: (dependsOn = [], more = {}) =>
      store.runs.submit({
        teamId: team.id,
        spec: { kind: "prune", model: newId("model"), layers: 2 },
        dependsOn,
        ...more,
      }),
    placed: (runId) => place(store, { runId, workerId: worker.id, deviceIds: [deviceId] }),
    claimed: async (runId) => {
      const claim = await claimOn(store, { runId, workerId: worker.id, deviceId });
      if (!claim) throw new Error(`${runId} could not be claimed`);
      return claim;
    },
    beat: async ({ runId, attempt, workerId }, progress) => {
      const runs = [{ runId, attempt, ...(progress ? { progress } : {}) }];
      const answer = await store.heartbeats.beat(workerId, { runs, measurements: [] });
      const [run] = answer?.runs ?? [];
      return run?.held ? { cancel: run.cancel, preempt: run.preempt } : undefined;
    },
    settled: () => settled(sql),
    discard: async () => {
      await Promise.all([store.close(), served.close(), atWorker.close(), pool.end()]);
      await rm(bytesRoot, { recursive: true, force: true });
    },
  };
}

export const problemOf = (code: ProblemCode, detail = "It went wrong.") =>
  new Problem(code, detail).toDocument();
