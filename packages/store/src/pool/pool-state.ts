import { clockTolerance, type HeldPart, type HoldCause, type Pool } from "@espalier/contract";
import { readConnections, type Connections } from "../database/connections.ts";
import type { Database, Transaction } from "../database/database.ts";
import { iso, present } from "../database/row.ts";
import { pausedOnRequest } from "../webhooks/webhooks.ts";
import { isPresent } from "./workers.ts";

/** What the database knows of the pool at one moment. */
export interface PoolState extends Pick<Pool, "at" | "workers" | "devices" | "held"> {
  queue: Omit<Pool["queue"], "oldest"> & { oldest?: { runId: string; teamId: string; queuedAt: string } };
  scheduler: Pick<Pool["scheduler"], "lastPassAt" | "leader" | "leadingSince">;
  /** The hosts of the workers in `held`, by the worker's name. */
  hosts: ReadonlyMap<string, string>;
  /** Living workers whose host has another time than the database, in seconds ahead of it. */
  clocks: { worker: string; host: string; offset: number }[];
  connections: Connections;
  /** Those that were paused because they failed, the longest first. */
  pausedWebhooks: { id: string; teamId: string; team: string; name: string; reason: string; since: string }[];
  /** When an alert was noted first that is still there, by `alertKey`. */
  alertsSince: ReadonlyMap<string, string>;
  /** Version of PostgreSQL. */
  version: string;
  /** Seconds by which the clock of this process is ahead of the database's. */
  clockOffset: number;
}

/** What is wrong, and with what. */
export interface AlertName {
  code: string;
  subject: string;
}

/** An alert's place in a map. */
export const alertKey = ({ code, subject }: AlertName): string => `${code} ${subject}`;

export interface PoolStates {
  read(): Promise<PoolState>;
  /** Writes down which alerts there are now, of those that nothing else tells the beginning of. */
  noteAlerts(alerts: readonly AlertName[]): Promise<void>;
  /**
   * Writes down that the scheduler has made a pass.
   * @param leader its host and process, for people
   */
  passed(leader: string): Promise<void>;
}

export const createPoolStates = ({ query, snapshot }: Database): PoolStates => ({
  read: () => snapshot(readPool),
  async noteAlerts(alerts) {
    await query(
      `with present as (select * from unnest($1::text[], $2::text[]) a (code, subject)),
         past as (delete from alert_since s where not exists
           (select from present p where p.code = s.code and p.subject = s.subject))
       insert into alert_since (code, subject) select code, subject from present on conflict (code, subject) do nothing`,
      [alerts.map(({ code }) => code), alerts.map(({ subject }) => subject)],
    );
  },
  async passed(leader) {
    await query(
      `insert into scheduler_pass as p (leader) values ($1)
       on conflict ("only") do update set leader = excluded.leader, passed_at = now(),
         leading_since = case when p.leader = excluded.leader then p.leading_since else now() end`,
      [leader],
    );
  },
});

async function readPool(tx: Transaction): Promise<PoolState> {
  const one = async <Row>(text: string): Promise<Row> => (await tx.query(text)).rows[0] as Row;
  const asked = Date.now();
  const { at, version } = await one<{ at: Date; version: string }>(
    "select clock_timestamp() as at, current_setting('server_version') as version",
  );
  const clockOffset = ((asked + Date.now()) / 2 - at.getTime()) / 1000;
  const held = await readHeld(tx);
  return {
    at: iso(at),
    version,
    clockOffset,
    workers: await one(
      `select count(*) filter (where w.state = 'ACTIVE' and d.since is null)::int as active,
         count(*) filter (where w.state = 'ACTIVE' and d.since is not null)::int as draining,
         count(*) filter (where w.state = 'LOST')::int as lost
       from worker w join worker_pulse p on p.worker_id = w.id left join worker_drain d on d.worker_name = w.name
       where ${isPresent}`,
    ),
    devices: await one(
      `select count(*) filter (where w.state = 'ACTIVE' and not b.busy and c.id is not null)::int as idle,
         count(*) filter (where w.state = 'ACTIVE' and b.busy)::int as busy,
         count(*) filter (where w.state = 'ACTIVE' and not b.busy and c.id is null)::int as held,
         count(*) filter (where w.state = 'LOST')::int as lost,
         count(c.id)::int as open
       from device d join worker w on w.id = d.worker_id join worker_pulse p on p.worker_id = w.id
         left join claimable_device c on c.id = d.id
         cross join lateral (select exists (select from run_device e join run r on r.id = e.run_id
           where e.device_id = d.id and r.state = 'RUNNING') as busy) b
       where ${isPresent}`,
    ),
    held: held.map(({ host: _host, ...part }) => part),
    hosts: new Map(held.map(({ worker, host }) => [worker, host])),
    clocks: await readClocks(tx),
    queue: await readQueue(tx),
    scheduler: await readPass(tx),
    connections: await readConnections(tx),
    pausedWebhooks: await readPausedWebhooks(tx),
    alertsSince: await readAlertsSince(tx),
  };
}

/** So many are told of at most: where all receivers fail, the network is to blame. */
const mostWebhooks = 20;

async function readPausedWebhooks(tx: Transaction): Promise<PoolState["pausedWebhooks"]> {
  const { rows } = await tx.query<Omit<PoolState["pausedWebhooks"][number], "since"> & { since: Date }>(
    `select h.id, h.team_id as "teamId", t.name as team, h.name, h.paused_reason as reason, h.paused_at as since
     from webhook h join team t on t.id = h.team_id
     where h.paused_at is not null and h.paused_reason <> $1 order by h.paused_at limit $2`,
    [pausedOnRequest, mostWebhooks],
  );
  return rows.map((row) => ({ ...row, since: iso(row.since) }));
}

interface HeldRow {
  worker: string;
  host: string;
  devices: string[];
  cause: HoldCause | "drain" | "lost";
  since: Date;
  reason: string | null;
}

/** What holds all devices of a worker alike is one row without devices. */
async function readHeld(tx: Transaction): Promise<(HeldPart & { host: string })[]> {
  const { rows } = await tx.query<HeldRow>(
    `select w.name as worker, w.host, h.cause, min(h.since) as since, h.reason,
       case when count(*) = (select count(*) from device a where a.worker_id = w.id) then '{}'
         else array_agg(d.address order by d.position) end as devices
     from device_hold h join worker w on w.name = h.worker_name and w.state = 'ACTIVE'
       join device d on d.worker_id = w.id and d.identity = h.device
     where h.cleared_at is null group by w.id, w.name, w.host, h.cause, h.reason
     union all
     select w.name, w.host, 'drain', d.since, d.reason, '{}'
     from worker_drain d join worker w on w.name = d.worker_name and w.state = 'ACTIVE'
     union all
     select w.name, w.host, 'lost', p.seen_at, null, '{}'
     from worker w join worker_pulse p on p.worker_id = w.id where w.state = 'LOST' and ${isPresent}
     order by worker, since`,
  );
  return rows.map(({ since, reason, ...row }) => ({ ...row, since: iso(since), ...present({ reason }) }));
}

async function readClocks(tx: Transaction): Promise<PoolState["clocks"]> {
  const { rows } = await tx.query<PoolState["clocks"][number]>(
    `select w.name as worker, w.host, p.clock_offset as "offset" from worker w join worker_pulse p on p.worker_id = w.id
     where w.state = 'ACTIVE' and abs(p.clock_offset) > $1 order by w.name`,
    [clockTolerance],
  );
  return rows;
}

async function readAlertsSince(tx: Transaction): Promise<Map<string, string>> {
  const { rows } = await tx.query<AlertName & { since: Date }>(
    "select code, subject, since from alert_since",
  );
  return new Map(rows.map((row) => [alertKey(row), iso(row.since)]));
}

async function readQueue(tx: Transaction): Promise<PoolState["queue"]> {
  const { rows: counts } = await tx.query<Omit<PoolState["queue"], "oldest">>(
    `select count(*) filter (where state = 'QUEUED')::int as queued, count(*) filter (where state = 'WAITING')::int as waiting,
       count(*) filter (where state in ('DISPATCHED', 'RUNNING'))::int as running
     from run where state in ('WAITING', 'QUEUED', 'DISPATCHED', 'RUNNING')`,
  );
  const { rows } = await tx.query<{ runId: string; teamId: string; queuedAt: Date }>(
    `select id as "runId", team_id as "teamId", queued_at as "queuedAt" from run
     where state = 'QUEUED' and held_at is null and queued_at is not null order by queued_at limit 1`,
  );
  const [oldest] = rows;
  return { ...counts[0]!, ...(oldest ? { oldest: { ...oldest, queuedAt: iso(oldest.queuedAt) } } : {}) };
}

async function readPass(tx: Transaction): Promise<PoolState["scheduler"]> {
  const { rows } = await tx.query<{ leader: string; leadingSince: Date; passedAt: Date }>(
    `select leader, leading_since as "leadingSince", passed_at as "passedAt" from scheduler_pass`,
  );
  const [pass] = rows;
  if (!pass) return {};
  return { leader: pass.leader, leadingSince: iso(pass.leadingSince), lastPassAt: iso(pass.passedAt) };
}
