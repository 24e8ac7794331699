import {
  newId,
  noEngine,
  Problem,
  workerProtocol,
  type DeviceKind,
  type EngineRate,
  type LeaseTiming,
  type Worker,
  type WorkerState,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { migrationLock } from "../database/migrate.ts";
import { checkRegistration, type NewWorker } from "./registration.ts";
import { found, present } from "../database/row.ts";
import { writeWorkerEvent } from "./worker-events.ts";
import { ratesOf, type DeviceRow } from "../dispatch/snapshot.ts";
import { silenceOf } from "./silence.ts";
import { readWorkers } from "./worker-rows.ts";

/** Condition on a worker `w` and its pulse `p`: it is ACTIVE, or was seen within a day and is the last one of its name. */
export const isPresent = `(w.state = 'ACTIVE' or (p.seen_at > now() - interval '1 day'
  and not exists (select from worker later where later.name = w.name and later.started_at > w.started_at)))`;

export interface Workers {
  /**
   * Adds an ACTIVE worker. The holds and the drain of its name apply to it.
   * @throws {Problem} `worker/refused` for a registration that cannot be true, or with a protocol that the service does not speak;
   *   `resource/conflict` while another worker of this name is ACTIVE
   */
  register(worker: NewWorker): Promise<Worker>;
  /** The ACTIVE worker of this name, with the identity of its process if it gave one. */
  holder(name: string): Promise<{ id: string; host: string; process?: string } | undefined>;
  /**
   * For a LOST worker that is back: makes it ACTIVE, or STOPPED when another worker has taken its name. Returns its state.
   */
  revive(workerId: string): Promise<WorkerState>;
  /** For a worker that has stopped, or whose process is known to have ended. */
  stop(workerId: string): Promise<void>;
  /** Names only the runs of the given team; without one, all runs. */
  get(workerId: string, teamId?: string): Promise<Worker>;
  /** The ACTIVE workers, and the last worker of every other name, if it was seen within a day. Runs as for `get`. */
  list(teamId?: string): Promise<Worker[]>;
  /** The most devices that one of these workers has, whatever their state; 0 where there is no worker. */
  mostDevices(): Promise<number>;
  /** The most memory of a device of these kinds (none: of any) that computes; undefined where there is none, or one of unknown size. */
  mostMemory(kinds: readonly DeviceKind[]): Promise<number | undefined>;
  /** The engines and precisions in which devices of present workers compute; none where there is no worker. */
  rates(): Promise<EngineRate[]>;
  /** Whether a living worker other than this one takes new runs on any device, whether or not it is in use now. */
  takeRuns(question: { except: string }): Promise<boolean>;
  /**
   * Makes ACTIVE workers LOST that have been silent this long (default: a lease); not soon after the start of the database,
   * by default 20 s. Returns their ids.
   */
  markLost(silentSeconds?: number, graceSeconds?: number): Promise<string[]>;
}

export function createWorkers({ prisma, query, transaction }: Database, timing: LeaseTiming): Workers {
  const get = async (workerId: string, teamId?: string): Promise<Worker> =>
    found((await readWorkers({ query }, "w.id = $1", [workerId], teamId))[0], "worker", workerId);

  return {
    async register(worker) {
      checkRegistration(worker);
      const id = newId("worker");
      await transaction(async (tx) => {
        await checkProtocol(tx, worker.protocol ?? workerProtocol);
        await takeName(tx, worker.name, timing.lease);
        await insert(tx, id, worker);
      });
      return get(id);
    },
    async holder(name) {
      const row = await prisma.worker.findFirst({ where: { name, state: "ACTIVE" } });
      return row ? { id: row.id, host: row.host, ...present({ process: row.process }) } : undefined;
    },
    revive: (workerId) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ name: string; state: WorkerState }>(
          "select name, state from worker where id = $1 for update",
          [workerId],
        );
        const { name, state } = found(rows[0], "worker", workerId);
        if (state !== "LOST") return state;
        await lockName(tx, name);
        const { rowCount: others } = await tx.query(
          "select from worker where name = $1 and (state = 'ACTIVE' or started_at > (select started_at from worker where id = $2))",
          [name, workerId],
        );
        const next = others === 0 ? "ACTIVE" : "STOPPED";
        await tx.query("update worker set state = $2 where id = $1", [workerId, next]);
        if (next === "ACTIVE") await writeWorkerEvent(tx, { worker: name, type: "returned", by: "worker" });
        return next;
      }),
    stop: (workerId) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ name: string }>(
          "update worker set state = 'STOPPED' where id = $1 and state <> 'STOPPED' returning name",
          [workerId],
        );
        for (const { name } of rows)
          await writeWorkerEvent(tx, { worker: name, type: "stopped", by: "worker" });
      }),
    get,
    list: (teamId) => readWorkers({ query }, isPresent, [], teamId),
    async mostDevices() {
      const { rows } = await query<{ most: number }>(
        `select coalesce(max(count), 0)::int as most from (
           select count(*) from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
           where ${isPresent} group by w.id) of_worker`,
      );
      return rows[0]!.most;
    },
    async mostMemory(kinds) {
      const { rows } = await query<{ most: number | null }>(
        `select case when min(d.memory_bytes) > 0 then max(d.memory_bytes)::float8 end as most
         from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
         where ${isPresent} and d.engine <> $1 and (cardinality($2::text[]) = 0 or d.kind::text = any($2))`,
        [noEngine, kinds],
      );
      return rows[0]!.most ?? undefined;
    },
    async rates() {
      const { rows } = await query<Pick<DeviceRow, "engine" | "rates">>(
        `select distinct d.engine, d.rates from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
         where ${isPresent}`,
      );
      return rows.flatMap(ratesOf);
    },
    async takeRuns({ except }) {
      const { rows } = await query<{ any: boolean }>(
        `select exists (select from claimable_device d join worker_pulse p on p.worker_id = d.worker_id
           where d.worker_id <> $1 and p.seen_at > now() - make_interval(secs => $2)) as any`,
        [except, silenceOf(timing)],
      );
      return rows[0]!.any;
    },
    markLost: (silentSeconds = timing.lease, graceSeconds = timing.grace) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string; name: string }>(
          `update worker w set state = 'LOST' from worker_pulse p
           where p.worker_id = w.id and w.state = 'ACTIVE' and p.seen_at < now() - make_interval(secs => $1)
             and pg_postmaster_start_time() < now() - make_interval(secs => $2)
           returning w.id, w.name`,
          [silentSeconds, graceSeconds],
        );
        for (const { name } of rows)
          await writeWorkerEvent(tx, {
            worker: name,
            type: "lost",
            reason: `Silent for ${silentSeconds} s.`,
            by: "service",
          });
        return rows.map(({ id }) => id);
      }),
  };
}

/** The first and the last protocol that the service speaks with workers. */
interface Protocols {
  oldest: number;
  newest: number;
}

async function checkProtocol(tx: Transaction, protocol: number): Promise<void> {
  const spoken = async () =>
    found(
      (await tx.query<Protocols>("select oldest, newest from worker_protocol")).rows[0],
      "protocol",
      "row",
    );
  let { oldest, newest } = await spoken();
  if (protocol > newest) {
    // A migration that brings this protocol may be running now; this waits for its end.
    await tx.query("select pg_advisory_xact_lock_shared($1)", [migrationLock]);
    ({ oldest, newest } = await spoken());
  }
  if (Number.isInteger(protocol) && protocol >= oldest && protocol <= newest) return;
  throw new Problem(
    "worker/refused",
    `The pool does not take this worker: it speaks protocol ${protocol}, the service ${
      oldest === newest ? newest : `${oldest} to ${newest}`
    }. ${protocol > newest ? "Update the service first" : "Update the worker"}.`,
    { field: "/protocol" },
  );
}

/** Locks a name of workers, so that changes of its worker, its drain and its holds happen one after another. */
export const lockName = (tx: Transaction, name: string) =>
  tx.query("select pg_advisory_xact_lock(hashtextextended('worker ' || $1, 0))", [name]);

/** Makes sure that no other worker of this name is ACTIVE. One that has been silent for `silentSeconds` becomes LOST. */
async function takeName(tx: Transaction, name: string, silentSeconds: number): Promise<void> {
  await lockName(tx, name);
  const { rows: lost } = await tx.query(
    `update worker w set state = 'LOST' from worker_pulse p
     where p.worker_id = w.id and w.name = $1 and w.state = 'ACTIVE' and p.seen_at < now() - make_interval(secs => $2)
     returning w.id`,
    [name, silentSeconds],
  );
  if (lost.length > 0)
    await writeWorkerEvent(tx, {
      worker: name,
      type: "lost",
      reason: `Silent for ${silentSeconds} s.`,
      by: "service",
    });
  const { rows } = await tx.query<{ host: string }>(
    "select host from worker where name = $1 and state = 'ACTIVE'",
    [name],
  );
  if (rows[0])
    throw new Problem(
      "resource/conflict",
      `A worker named ${name} lives on ${rows[0].host}; stop it, or give this one another ESPALIER_WORKER_NAME.`,
      { field: "/name" },
    );
}

async function insert(tx: Transaction, id: string, worker: NewWorker): Promise<void> {
  const { name, host, version, protocol = workerProtocol, process, labels = {}, devices } = worker;
  await tx.query(
    "insert into worker (id, name, host, version, protocol, process, labels) values ($1, $2, $3, $4, $5, $6, $7)",
    [id, name, host, version, protocol, process, labels],
  );
  await tx.query("insert into worker_pulse (worker_id, free_bytes) values ($1, $2)", [
    id,
    devices.map(({ freeBytes }) => freeBytes ?? null),
  ]);
  const columns = ["identity", "address", "kind", "name", "engine", "memoryBytes", "driver"] as const;
  await tx.query(
    `insert into device (id, worker_id, position, software, rates, identity, address, kind, name, engine, memory_bytes, driver)
     select d.id, $1, d.position - 1, d.software, d.rates, d.identity, d.address, d.kind, d.name, d.engine, d.memory, d.driver
     from unnest($2::text[], $3::bool[], $4::jsonb[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[])
       with ordinality d (id, software, rates, identity, address, kind, name, engine, memory, driver, position)`,
    [
      id,
      devices.map(() => newId("device")),
      devices.map(({ software = false }) => software),
      devices.map(({ rates = [] }) => JSON.stringify(rates)),
      ...columns.map((column) => devices.map((device) => device[column] ?? null)),
    ],
  );
  await tx.query("update worker_pulse set orders = worker_orders(worker_id) where worker_id = $1", [id]);
  await writeWorkerEvent(tx, {
    worker: name,
    type: "registered",
    by: "worker",
    reason: `Version ${version} on ${host}.`,
  });
}
