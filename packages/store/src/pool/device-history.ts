import type { DeviceHistoryEntry, Page, PageQuery, RunKind, WorkerEvent } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, present } from "../database/row.ts";

export interface DeviceHistories {
  /** What ran on a device of a worker and what happened to it, newest first, also before its worker was started again. */
  page(
    place: { workerId: string; deviceId: string },
    viewer: { teamId: string; operator: boolean },
    query?: PageQuery,
  ): Promise<Page<DeviceHistoryEntry>>;
}

interface Row {
  at: Date;
  until: Date | null;
  /** Order among what was at the same moment, and half of the cursor. */
  place: string;
  micros: string;
  event: WorkerEvent["type"] | null;
  cause: WorkerEvent["cause"] | null;
  reason: string | null;
  by: string | null;
  own: boolean | null;
  id: string | null;
  name: string | null;
  kind: RunKind | null;
  user: string | null;
  attempt: number | null;
  state: string | null;
}

const byTime = cursorOf(["bigint", "name"]);
/** Starts of a worker that are looked back through. */
const mostStarts = 200;
const micros = (instant: string) => `(extract(epoch from ${instant}) * 1000000)::bigint`;
const before = (at: string, place: string) =>
  `($4::bigint is null or (${micros(at)}, ${place}) < ($4, $5::text collate "C"))`;

export const createDeviceHistories = ({ query }: Pick<Database, "query">): DeviceHistories => ({
  async page({ workerId, deviceId }, { teamId, operator }, { limit: wanted, cursor } = {}) {
    const limit = pageLimit(wanted);
    const [beforeMicros, beforePlace] = byTime.read(cursor);
    const { rows: devices } = await query<{
      name: string;
      address: string;
      workers: string[];
      ids: string[];
    }>(
      `select w.name, d.address, array(select o.worker_id from device o join worker v on v.id = o.worker_id
           where v.name = w.name and o.identity = d.identity order by v.id desc limit ${mostStarts}) as workers,
         array(select o.id from device o join worker v on v.id = o.worker_id
           where v.name = w.name and o.identity = d.identity order by v.id desc limit ${mostStarts}) as ids
       from device d join worker w on w.id = d.worker_id where d.id = $1 and w.id = $2`,
      [deviceId, workerId],
    );
    const { name, address, workers, ids } = found(devices[0], "device", deviceId);
    // Each start of the worker has its attempts in order, so that no more of them are read than a page has.
    const { rows } = await query<Row>(
      `select * from (
         select ran.* from unnest($1::text[]) s (worker_id), lateral (
           select a.started_at as at, a.ended_at as until, (a.run_id || '/' || a.number) collate "C" as place,
             ${micros("a.started_at")} as micros, null as event, null as cause, null as reason, null as by, r.team_id = $3 as own,
             r.id, r.name, r.kind, coalesce(r.created_by ->> 'user', (select u.name from team_user u where u.id = r.user_id)) as "user",
             a.number as attempt, a.state
           from attempt a join run r on r.id = a.run_id
           where a.worker_id = s.worker_id and (a.device_id = any($2) or a.device_ids && $2::text[])
             and ${before("a.started_at", `(a.run_id || '/' || a.number) collate "C"`)}
           order by a.started_at desc, (a.run_id || '/' || a.number) collate "C" desc limit $6) ran
         union all (
         select e.at, null, ('event/' || lpad(e.id::text, 19, '0')) collate "C", ${micros("e.at")}, e.type, e.cause, e.reason, e.actor, null,
           null, null, null, null, null, null
         from worker_event e where e.worker_name = $7 and (e.device = $8 or e.device is null)
           and ${before("e.at", `('event/' || lpad(e.id::text, 19, '0')) collate "C"`)}
         order by e.at desc, e.id desc limit $6)) h
       order by micros desc, place desc limit $6`,
      [workers, ids, teamId, beforeMicros, beforePlace, limit + 1, name, address],
    );
    return toPage(
      rows,
      limit,
      (row) => toEntry(row, operator),
      (row) => byTime.write(row.micros, row.place),
    );
  },
});

function toEntry(row: Row, operator: boolean): DeviceHistoryEntry {
  const { at, until, event, cause, reason, by, own, id, name, kind, user, attempt, state } = row;
  const time = { at: iso(at), ...present({ until: until && iso(until) }) };
  if (own === null)
    return { ...time, ...present({ event, cause }), ...(operator ? present({ reason, by }) : {}) };
  // Of another team's run only the time is told.
  return { ...time, run: { own, ...(own ? present({ id, name, kind, user, attempt, state }) : {}) } };
}
