import {
  holdCauses,
  type Device,
  type DeviceKind,
  type EngineRate,
  type Hold,
  type HoldCause,
  type Worker,
  type WorkerState,
} from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { iso, isoOrNull, present } from "../database/row.ts";

interface WorkerRow {
  id: string;
  name: string;
  host: string;
  version: string;
  state: WorkerState;
  labels: Record<string, string>;
  startedAt: Date;
  lastSeenAt: Date;
  clockOffset: number | null;
  drainSince: Date | null;
  drainNow: boolean;
  drainReason: string | null;
  drainBy: string | null;
  drainDone: Date | null;
}

interface DeviceRow {
  id: string;
  workerId: string;
  kind: DeviceKind;
  address: string;
  identity: string;
  name: string;
  engine: string;
  rates: EngineRate[];
  memoryBytes: string;
  driver: string | null;
  software: boolean;
  busy: boolean;
  runIds: string[] | null;
  holds: { cause: HoldCause; since: string; reason: string | null; by: string }[] | null;
  freeBytes: string | null;
  utilization: number | null;
  temperature: number | null;
}

/**
 * The workers that meet a condition on `w`, the worker, and `p`, its pulse, in the order of their names. With a team, only
 * the runs of that team are named.
 */
export async function readWorkers(
  { query }: Pick<Database, "query">,
  condition: string,
  values: unknown[],
  teamId?: string,
): Promise<Worker[]> {
  const { rows } = await query<WorkerRow>(
    `select w.id, w.name, w.host, w.version, w.state, w.labels, w.started_at as "startedAt", p.seen_at as "lastSeenAt", p.clock_offset as "clockOffset",
       d.since as "drainSince", d.at_once as "drainNow", d.reason as "drainReason", d.actor as "drainBy",
       d.done_at as "drainDone"
     from worker w join worker_pulse p on p.worker_id = w.id left join worker_drain d on d.worker_name = w.name
     where ${condition} order by w.name, w.id`,
    values,
  );
  const { rows: devices } = await query<DeviceRow>(
    `select d.id, d.worker_id as "workerId", d.kind, d.address, d.identity, d.name, d.engine, d.rates,
       d.memory_bytes as "memoryBytes", d.driver, d.software, r.runs > 0 as busy, r.own as "runIds",
       p.free_bytes[d.position + 1] as "freeBytes", p.utilization[d.position + 1] as utilization,
       p.temperature[d.position + 1] as temperature,
       (select json_agg(json_build_object('cause', h.cause, 'since', h.since, 'reason', h.reason, 'by', h.actor)
          order by h.since, h.cause)
        from device_hold h where h.worker_name = w.name and h.device = d.identity and h.cleared_at is null) as holds
     from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
       cross join lateral (
         select count(*)::int as runs, array_remove(array_agg(case when $2::text is null or r.team_id = $2 then r.id end
           order by r.id), null) as own
         from run_device e join run r on r.id = e.run_id where e.device_id = d.id and r.state = 'RUNNING') r
     where d.worker_id = any($1) order by d.position`,
    [rows.map(({ id }) => id), teamId],
  );
  const workers = new Map(rows.map((row) => [row.id, { ...toWorker(row), devices: [] as Device[] }]));
  for (const row of devices) workers.get(row.workerId)!.devices.push(toDevice(row));
  return [...workers.values()];
}

function toWorker(row: WorkerRow): Omit<Worker, "devices"> {
  const { id, name, host, version, state, labels, drainSince, drainDone } = row;
  return {
    id,
    name,
    host,
    version,
    state,
    labels,
    startedAt: iso(row.startedAt),
    lastSeenAt: iso(row.lastSeenAt),
    ...present({ clockOffset: row.clockOffset }),
    ...(drainSince && {
      drain: {
        since: iso(drainSince),
        now: row.drainNow,
        ...present({ doneAt: isoOrNull(drainDone), reason: row.drainReason, by: row.drainBy }),
      },
    }),
  };
}

function toDevice(row: DeviceRow): Device {
  const {
    workerId: _workerId,
    memoryBytes,
    driver,
    runIds,
    holds,
    freeBytes,
    utilization,
    temperature,
    rates,
    ...device
  } = row;
  const measured = {
    ...(freeBytes === null ? {} : { freeBytes: Number(freeBytes) }),
    ...present({ utilization, temperature }),
  };
  return {
    ...device,
    memoryBytes: Number(memoryBytes),
    holds: (holds ?? []).map(toHold),
    runIds: runIds ?? [],
    ...(rates.length > 0 && { rates }),
    ...present({ driver }),
    ...(Object.keys(measured).length === 0 ? {} : { measured }),
  };
}

const toHold = ({ cause, since, reason, by }: NonNullable<DeviceRow["holds"]>[number]): Hold => ({
  cause,
  since: new Date(since).toISOString(),
  reason: reason ?? `${holdCauses[cause].title}.`,
  by,
});
