import { newId, type Device, type DeviceKind, type Worker, type WorkerState } from "@espalier/contract";
import type { Database } from "./database.ts";
import { found, iso, present } from "./row.ts";

export interface NewWorker {
  name: string;
  host: string;
  version: string;
  devices: Omit<Device, "id" | "runId">[];
}

export interface Workers {
  register(worker: NewWorker): Promise<Worker>;
  /** Says that the worker lives; false when it is not known or has stopped (register again). A LOST one is ACTIVE again. */
  heartbeat(workerId: string): Promise<boolean>;
  /** The worker has stopped in good order. */
  stop(workerId: string): Promise<void>;
  /** ACTIVE ones, and those seen within the last day. */
  list(): Promise<Worker[]>;
  /** ACTIVE → LOST for workers silent this long; default 45 s. */
  markLost(silentSeconds?: number): Promise<string[]>;
}

interface WorkerRow {
  id: string;
  name: string;
  host: string;
  version: string;
  state: WorkerState;
  startedAt: Date;
  lastSeenAt: Date;
}

interface DeviceRow {
  id: string;
  workerId: string;
  kind: DeviceKind;
  name: string;
  engine: string;
  memoryBytes: string;
  runId: string | null;
}

export function createWorkers({ query, transaction }: Database): Workers {
  async function read(condition: string, values: unknown[]): Promise<Worker[]> {
    const { rows } = await query<WorkerRow>(
      `select id, name, host, version, state, started_at as "startedAt", last_seen_at as "lastSeenAt"
       from worker w where ${condition} order by name, id`,
      values,
    );
    const { rows: devices } = await query<DeviceRow>(
      `select d.id, d.worker_id as "workerId", d.kind, d.name, d.engine, d.memory_bytes as "memoryBytes", r.id as "runId"
       from device d left join run r on r.lease_device = d.id and r.state = 'RUNNING'
       where d.worker_id = any($1) order by d.position`,
      [rows.map(({ id }) => id)],
    );
    return rows.map((row) => ({
      ...row,
      startedAt: iso(row.startedAt),
      lastSeenAt: iso(row.lastSeenAt),
      devices: devices.filter(({ workerId }) => workerId === row.id).map(toDevice),
    }));
  }

  return {
    async register({ name, host, version, devices }) {
      const id = newId("worker");
      await transaction(async (tx) => {
        await tx.query("insert into worker (id, name, host, version) values ($1, $2, $3, $4)", [
          id,
          name,
          host,
          version,
        ]);
        for (const [position, device] of devices.entries())
          await tx.query(
            `insert into device (id, worker_id, position, kind, name, engine, memory_bytes)
             values ($1, $2, $3, $4, $5, $6, $7)`,
            [
              newId("device"),
              id,
              position,
              device.kind,
              device.name,
              device.engine,
              Math.round(device.memoryBytes),
            ],
          );
      });
      return found((await read("w.id = $1", [id]))[0], "worker", id);
    },
    async heartbeat(workerId) {
      const { rowCount } = await query(
        "update worker set state = 'ACTIVE', last_seen_at = now() where id = $1 and state <> 'STOPPED'",
        [workerId],
      );
      return rowCount === 1;
    },
    async stop(workerId) {
      await query("update worker set state = 'STOPPED', last_seen_at = now() where id = $1", [workerId]);
    },
    list: () => read("w.state = 'ACTIVE' or w.last_seen_at > now() - interval '1 day'", []),
    async markLost(silentSeconds = 45) {
      const { rows } = await query<{ id: string }>(
        `update worker set state = 'LOST'
         where state = 'ACTIVE' and last_seen_at < now() - make_interval(secs => $1) returning id`,
        [silentSeconds],
      );
      return rows.map(({ id }) => id);
    },
  };
}

const toDevice = ({ id, kind, name, engine, memoryBytes, runId }: DeviceRow): Device => ({
  id,
  kind,
  name,
  engine,
  memoryBytes: Number(memoryBytes),
  ...present({ runId }),
});
