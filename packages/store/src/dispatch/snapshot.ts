import {
  choicesOf,
  noEngine,
  passOf,
  type EngineName,
  type EngineRate,
  type LeaseTiming,
  type RunKind,
} from "@espalier/contract";
import type {
  Allocation,
  Device,
  History,
  HourQuota,
  Instant,
  Reservation,
  RunningRun,
  Snapshot,
  Team,
  User,
} from "@espalier/scheduler";
import { wallMs } from "../attempts/wall-time.ts";
import type { Database, Transaction } from "../database/database.ts";
import { present } from "../database/row.ts";
import { progressOf } from "../runs/row.ts";
import type { KeptQueue, KeysOf } from "./kept-queue.ts";
import { measuredPaces, rateKey } from "./measured-paces.ts";
import { silenceOf } from "../pool/silence.ts";
import { spentHours, usageNow, type UsageRow } from "./usage.ts";

/** The pool as one moment saw it. */
export interface NumberedSnapshot extends Snapshot {
  /** The number of the plan before. What is decided from this snapshot is committed under the next number, or not at all. */
  readonly number: string;
}

/** Keys of the history that describe a run: others of its kind and model, then all of its kind. */
function historyKeys(kind: RunKind, modelId: string | null): readonly string[] {
  const key = `${kind}/${modelId ?? ""}`;
  const known = keysOf.get(key);
  if (known) return known;
  const keys = modelId === null ? [kind] : [key, kind];
  keysOf.set(key, keys);
  return keys;
}
/**
 * Keys of the history that tell at which pace a run is likely to be computed: others of its kind and model, then of its kind, then
 * all that compute, then the measured rates of devices. Those come first for a run that asks for an engine or a precision, as
 * other runs may have had others.
 */
function paceKeys(kind: RunKind, modelId: string | null, computesOn: string | null): readonly string[] {
  const key = `pace/${kind}/${modelId ?? ""}`;
  const known = keysOf.get(`${key}/${computesOn ?? ""}`);
  if (known) return known;
  const runs = [...(modelId === null ? [] : [key]), `pace/${kind}`];
  const rate = rateKey(passOf(kind), computesOn);
  const keys = !computes.includes(kind)
    ? runs
    : computesOn === null
      ? [...runs, "pace/compute", rate]
      : [rate, ...runs, "pace/compute"];
  keysOf.set(`${key}/${computesOn ?? ""}`, keys);
  return keys;
}
const computes: readonly RunKind[] = ["search", "train", "evaluate"];

/** All of them, of a run that needs so many seconds on a nominal host. */
export const keysOfRun: KeysOf = (kind, modelId, predictedSeconds, computesOn) => ({
  historyKeys: historyKeys(kind, modelId),
  ...nominalOf(kind, modelId, predictedSeconds, computesOn),
});

const nominalOf = (
  kind: RunKind,
  modelId: string | null,
  seconds: number | null,
  computesOn: string | null,
) => (seconds === null ? {} : { nominal: { seconds, paceKeys: paceKeys(kind, modelId, computesOn) } });

/** Runs of one kind and model have one list, so that ten thousand runs are looked up as the few lists that they have. */
const keysOf = new Map<string, readonly string[]>();

/** A device that does not say how much memory it has is taken for a small card. */
const unknownMemoryBytes = 8e9;

const ms = (instant: string) => `(extract(epoch from ${instant}) * 1000)::float8`;

/**
 * Devices of living workers, and of the last one of each name that was seen within a day. A measurement is up to a
 * heartbeat ($2 s) old when it is sent, so that for twice as long after a run has left, its memory may still be in it.
 */
const devices = `select d.id, d.worker_id as "workerId", d.kind, d.engine, d.rates, w.labels, d.memory_bytes::float8 as "memoryBytes",
    case when w.state = 'ACTIVE' and (d.released_at is null or p.seen_at > d.released_at + make_interval(secs => 2 * $2::float8))
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

/** How far run `r` is: of those whose steps are nearly all of their work, and where this attempt `a` of it began. */
const work = `(select json_build_object('done', least(1, (told ->> 'done')::float8 / (told ->> 'total')::float8),
    'before', coalesce(a.resumed_step, 0) / (told ->> 'total')::float8)
  from (select ${progressOf("r")}) progress (told)
  where r.state = 'RUNNING' and r.kind in ('train', 'search') and told ->> 'phase' = r.kind and (told ->> 'total')::float8 > 0)`;

const running = `select r.id, r.team_id as "teamId", coalesce(r.user_id, r.team_id) as "userId", r.class, r.kind, r.model_id as "modelId", r.shares,
    r.predicted_seconds as "predictedSeconds", r.computes_on as "computesOn", r.state, r.borrowing, r.aged, ${ms("coalesce(a.started_at, r.dispatched_at)")} as "startedAt",
    ${ms(`case when r.state = 'RUNNING' then coalesce(r.preempt_until, r.preempt_requested_at + interval '2 minutes',
      r.cancel_requested_at + interval '30 s') end`)} as "stopsBy",
    ${wallMs} as "wallMs", ${work} as work,
    extract(epoch from now() - coalesce(a.checkpoint_at, a.started_at, now()))::float8 as "secondsSinceCheckpoint",
    coalesce((select json_agg(json_build_object('deviceId', e.device_id, 'reservedBytes', e.reserved_bytes, 'units', e.units))
      from run_device e where e.run_id = r.id), '[]') as allocations
  from run r left join attempt a on a.run_id = r.id and a.number = r.attempt and a.state = 'RUNNING'
  where r.state in ('DISPATCHED', 'RUNNING')`;

const consumer = (
  table: string,
  more: string,
) => `select id, weight, quota_devices as devices, quota_hours as hours,
    used_seconds as "usedSeconds", ${ms("used_at")} as "usedAt",
    case when spent_from = period_start(quota_period, now()) then spent_hours else 0 end as "spentHours",
    ${ms("period_start(quota_period, now())")} as "periodFrom",
    ${ms("period_start(quota_period, period_start(quota_period, now()) + ('1 ' || quota_period)::interval + interval '12 hours')")} as "periodTo",
    ${more} from ${table}`;
const teams = consumer("team", `quota_borrowing as borrowing, quota_queued_runs as "queuedRuns"`);
const users = consumer("team_user", `team_id as "teamId"`);

const history = `select key, cardinality(durations) as samples, earliest, likely, latest, memory_ratio as "memoryRatio"
  from run_history where key = any($1)`;

/**
 * Reads everything in one snapshot of the database, in as many statements as there are tables; of the queue, what is new.
 * @param planned keys of the history that are read too, for runs that are not there
 */
export const readSnapshot = (
  { snapshot }: Pick<Database, "snapshot">,
  timing: LeaseTiming,
  queue: KeptQueue,
  planned: readonly (readonly string[])[] = [],
): Promise<NumberedSnapshot> =>
  snapshot(async (tx) => {
    const [plan] = await rows<{ now: Instant; number: string; reservations: Reservation[] }>(
      tx,
      `select ${ms("now()")} as now, number, reservations from dispatch_plan`,
    );
    const { now } = plan!;
    const queued = await queue.read(tx, keysOfRun);
    const held = (await rows<RunningRow>(tx, running)).map(toRunning);
    const lists = new Set<readonly string[]>();
    for (const runs of [queued, held])
      for (const { historyKeys, nominal } of runs) {
        lists.add(historyKeys);
        if (nominal) lists.add(nominal.paceKeys);
      }
    const keys = new Set([...lists, ...planned].flat());
    const ofTeam = groupBy(held, "teamId");
    const ofUser = groupBy(held, "userId");
    const found = await rows<DeviceRow>(tx, devices, [silenceOf(timing), timing.heartbeat]);
    return {
      ...plan!,
      queued,
      running: held,
      devices: found.map(toDevice),
      teams: (await rows<TeamRow>(tx, teams)).map((row) => toTeam(row, ofTeam.get(row.id) ?? [], now)),
      users: (await rows<UserRow>(tx, users)).map((row) => toUser(row, ofUser.get(row.id) ?? [], now)),
      history: [
        ...(await rows<HistoryRow>(tx, history, [[...keys]])).map(toHistory),
        ...measuredPaces(found, keys),
      ],
    };
  });

async function rows<Row>(tx: Transaction, text: string, values: unknown[] = []): Promise<Row[]> {
  return (await tx.query(text, values)).rows as Row[];
}

function groupBy(runs: readonly RunningRun[], key: "teamId" | "userId"): Map<string, RunningRun[]> {
  const groups = new Map<string, RunningRun[]>();
  for (const run of runs) groups.set(run[key], [...(groups.get(run[key]) ?? []), run]);
  return groups;
}

export type DeviceRow = Omit<Device, "labels"> & {
  labels: Record<string, string>;
  engine: string;
  rates: readonly EngineRate[];
};

/** A worker of an earlier version says no more than its engine. */
export const ratesOf = ({ engine, rates }: Pick<DeviceRow, "engine" | "rates">): readonly EngineRate[] =>
  rates.length > 0 || engine === noEngine
    ? rates
    : [{ engine: engine as EngineName, precision: "fp32" as const }];

/** What it computes on counts as labels, of a form that no label of a worker has. */
const toDevice = ({ labels, memoryBytes, engine, rates, ...device }: DeviceRow): Device => ({
  ...device,
  labels: [
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
    ...choicesOf(ratesOf({ engine, rates })),
  ],
  memoryBytes: memoryBytes || unknownMemoryBytes,
});

interface RunningRow extends Omit<RunningRun, "state" | "historyKeys" | "wallMs" | "work" | "nominal"> {
  computesOn: string | null;
  wallMs: number | null;
  predictedSeconds: number | null;
  work: RunningRun["work"] | null;
  state: "DISPATCHED" | "RUNNING";
  kind: RunKind;
  modelId: string | null;
  allocations: Allocation[];
}

const toRunning = ({
  state,
  kind,
  modelId,
  wallMs,
  work,
  predictedSeconds,
  computesOn,
  ...run
}: RunningRow): RunningRun => ({
  ...run,
  ...present({ wallMs, work }),
  state: run.stopsBy !== null ? "stopping" : state === "RUNNING" ? "running" : "starting",
  ...keysOfRun(kind, modelId, predictedSeconds, computesOn),
});

interface ConsumerRow extends UsageRow {
  id: string;
  weight: number;
  devices: number | null;
  hours: number | null;
  periodTo: Instant;
}
type TeamRow = ConsumerRow & { borrowing: number | null; queuedRuns: number | null };
type UserRow = ConsumerRow & { teamId: string };

const toHours = (row: ConsumerRow, own: readonly RunningRun[], now: Instant): HourQuota | null =>
  row.hours === null ? null : { limit: row.hours, used: spentHours(row, own, now), endsAt: row.periodTo };

const toTeam = (row: TeamRow, own: readonly RunningRun[], now: Instant): Team => ({
  id: row.id,
  weight: row.weight,
  usage: usageNow(row, own, now),
  quota: {
    devices: row.devices,
    borrowing: row.borrowing,
    queuedRuns: row.queuedRuns,
    deviceHours: toHours(row, own, now),
  },
});

const toUser = (row: UserRow, own: readonly RunningRun[], now: Instant): User => ({
  id: row.id,
  teamId: row.teamId,
  weight: row.weight,
  usage: usageNow(row, own, now),
  quota: { devices: row.devices, deviceHours: toHours(row, own, now) },
});

type HistoryRow = Omit<History, "duration"> & History["duration"];

const toHistory = ({ earliest, likely, latest, ...row }: HistoryRow): History => ({
  ...row,
  duration: { earliest, likely, latest },
});
