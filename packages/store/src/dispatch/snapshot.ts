import type { LeaseTiming, Needs, PriorityClass, RunKind } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";

/** Milliseconds since the epoch, on the database's clock. */
type Instant = number;

/** All that a plan depends on, as one moment saw it. */
export interface DispatchSnapshot {
  now: Instant;
  /** Of the plan before; what is decided from this snapshot is committed under the next one, or not at all. */
  number: string;
  devices: DispatchDevice[];
  queued: DispatchQueued[];
  running: DispatchRunning[];
  teams: DispatchAccount[];
  users: (DispatchAccount & { teamId: string })[];
  history: DispatchHistory[];
  /** What the plan before has kept, as it was committed. */
  reservations: unknown[];
}

export interface DispatchDevice {
  id: string;
  workerId: string;
  kind: string;
  labels: Record<string, string>;
  /** 0: unknown. */
  memoryBytes: number;
  /** Null where it is not measured, or was measured before the last run had left. */
  freeBytes: number | null;
  state: "schedulable" | "cordoned" | "draining" | "lost";
}

interface DispatchRun {
  id: string;
  teamId: string;
  userId: string | null;
  class: PriorityClass;
  kind: RunKind;
  modelId: string | null;
  shares: boolean;
}

export interface DispatchQueued extends DispatchRun {
  priority: number;
  queuedAt: Instant;
  /** A failure asks for a pause. */
  notBefore: Instant | null;
  needs: Needs | null;
  predictedBytes: number | null;
}

export interface DispatchRunning extends DispatchRun {
  state: "DISPATCHED" | "RUNNING";
  startedAt: Instant;
  /** It was asked to stop, and is to have stopped by then. */
  stopsBy: Instant | null;
  secondsSinceCheckpoint: number;
  borrowing: boolean;
  aged: boolean;
  devices: { deviceId: string; reservedBytes: number | null; units: number }[];
}

export interface DispatchAccount {
  id: string;
  weight: number;
  devices: number | null;
  borrowing: number | null;
  queuedRuns: number | null;
  hours: number | null;
  /** Of attempts that have ended. */
  usedSeconds: number;
  usedAt: Instant;
  spentHours: number;
  periodFrom: Instant;
  periodTo: Instant;
}

export interface DispatchHistory {
  key: string;
  samples: number;
  earliest: number;
  likely: number;
  latest: number;
  memoryRatio: number | null;
}

/** What speaks for a run: others of its kind and model, then of its kind. */
export const historyKeys = ({ kind, modelId }: Pick<DispatchRun, "kind" | "modelId">): string[] =>
  modelId === null ? [kind] : [`${kind}/${modelId}`, kind];

/** A worker that has missed three heartbeats gets no new runs; it is LOST much later, because what it runs may go on. */
export const silenceOf = ({ heartbeat }: LeaseTiming): number => 3 * heartbeat;

const ms = (instant: string) => `(extract(epoch from ${instant}) * 1000)::float8`;

/**
 * Devices of living workers, and of the last one of each name that was seen within a day. A measurement is up to a
 * heartbeat ($2 s) old when it is sent, so that for twice as long after a run has left, its memory may still be in it.
 */
const devices = `select d.id, d.worker_id as "workerId", d.kind, w.labels, d.memory_bytes::float8 as "memoryBytes",
    case when w.state = 'ACTIVE' and (d.released_at is null or p.seen_at > d.released_at + make_interval(secs => 2 * $2))
      then p.free_bytes[d.position + 1]::float8 end as "freeBytes",
    case when w.state = 'LOST' or p.seen_at < now() - make_interval(secs => $1) then 'lost'
      when c.id is not null and coalesce(d.declined_until < now(), true) then 'schedulable'
      when exists (select from worker_drain r where r.worker_name = w.name)
        or exists (select from device_hold h where h.worker_name = w.name and h.device = d.identity
          and h.cleared_at is null and h.cause = 'cordon') then 'cordoned'
      else 'draining' end as state
  from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
    left join claimable_device c on c.id = d.id
  where w.state = 'ACTIVE' or w.state = 'LOST' and p.seen_at > now() - interval '1 day'
    and not exists (select from worker later where later.name = w.name and later.id > w.id)`;

// One document is read several times faster than ten thousand rows.
const queued = `select coalesce(json_agg(json_build_array(id, team_id, user_id, class, kind, model_id, shares, priority,
    ${ms("queued_at")}, ${ms("not_before")}, nullif(needs, '{}'), predicted_bytes)), '[]') as runs
  from run where state = 'QUEUED' and cancel_requested_at is null`;

type QueuedTuple = [
  id: string,
  teamId: string,
  userId: string | null,
  priorityClass: PriorityClass,
  kind: RunKind,
  modelId: string | null,
  shares: boolean,
  priority: number,
  queuedAt: number,
  notBefore: number | null,
  needs: Needs | null,
  predictedBytes: number | null,
];

const running = `select r.id, r.team_id as "teamId", r.user_id as "userId", r.class, r.kind, r.model_id as "modelId", r.shares,
    r.state, r.borrowing, r.aged, ${ms("coalesce(a.started_at, r.dispatched_at)")} as "startedAt",
    ${ms(`case when r.state = 'RUNNING' then coalesce(r.preempt_until, r.preempt_requested_at + interval '2 minutes',
      r.cancel_requested_at + interval '30 s') end`)} as "stopsBy",
    extract(epoch from now() - coalesce(a.checkpoint_at, a.started_at, now()))::float8 as "secondsSinceCheckpoint",
    coalesce((select json_agg(json_build_object('deviceId', e.device_id, 'reservedBytes', e.reserved_bytes, 'units', e.units))
      from run_device e where e.run_id = r.id), '[]') as devices
  from run r left join attempt a on a.run_id = r.id and a.number = r.attempt and a.state = 'RUNNING'
  where r.state in ('DISPATCHED', 'RUNNING')`;

const account = (
  table: string,
  more: string,
) => `select id, weight, quota_devices as devices, quota_hours as hours,
    used_seconds as "usedSeconds", ${ms("used_at")} as "usedAt",
    case when spent_from = period_start(quota_period, now()) then spent_hours else 0 end as "spentHours",
    ${ms("period_start(quota_period, now())")} as "periodFrom",
    ${ms("period_start(quota_period, period_start(quota_period, now()) + ('1 ' || quota_period)::interval + interval '12 hours')")} as "periodTo",
    ${more} from ${table}`;
const teams = account("team", `quota_borrowing as borrowing, quota_queued_runs as "queuedRuns"`);
const users = account(
  "team_user",
  `team_id as "teamId", null::float8 as borrowing, null::int as "queuedRuns"`,
);

const history = `select key, cardinality(durations) as samples, earliest, likely, latest, memory_ratio as "memoryRatio"
  from run_history where key = any($1)`;

/** Reads everything in one snapshot of the database, in as many statements as there are tables. */
export const readSnapshot = (
  { atOnce }: Pick<Database, "atOnce">,
  timing: LeaseTiming,
): Promise<DispatchSnapshot> =>
  atOnce(async (tx) => {
    const [plan] = await rows<{ now: number; number: string; reservations: unknown[] }>(
      tx,
      `select ${ms("now()")} as now, number, reservations from dispatch_plan`,
    );
    const [{ runs }] = (await rows<{ runs: QueuedTuple[] }>(tx, queued)) as [{ runs: QueuedTuple[] }];
    const waiting = runs.map(toQueued);
    const held = await rows<DispatchRunning>(tx, running);
    const keys = new Set([...waiting, ...held].flatMap(historyKeys));
    return {
      ...plan!,
      queued: waiting,
      running: held,
      devices: await rows<DispatchDevice>(tx, devices, [silenceOf(timing), timing.heartbeat]),
      teams: await rows<DispatchAccount>(tx, teams),
      users: await rows<DispatchAccount & { teamId: string }>(tx, users),
      history: await rows<DispatchHistory>(tx, history, [[...keys]]),
    };
  });

async function rows<Row>(tx: Transaction, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await tx.query(text, values)).rows as Row[];
}

const toQueued = ([
  id,
  teamId,
  userId,
  priorityClass,
  kind,
  modelId,
  shares,
  priority,
  queuedAt,
  notBefore,
  needs,
  predictedBytes,
]: QueuedTuple): DispatchQueued => ({
  id,
  teamId,
  userId,
  class: priorityClass,
  kind,
  modelId,
  shares,
  priority,
  queuedAt,
  notBefore,
  needs,
  predictedBytes,
});
