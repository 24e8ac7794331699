import type { Team, TeamUser } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { present } from "../database/row.ts";
import { quotaNotes } from "./quota-notes.ts";

interface Row {
  id: string;
  name: string;
  teamId: string;
  weight: number;
  period: Team["period"];
  devices: number | null;
  borrowing: number | null;
  queuedRuns: number | null;
  pendingRuns: number | null;
  deviceHours: number | null;
  bytes: number | null;
  storedBytes: number;
  urgent: Team["urgent"];
  usedDeviceHours: number;
  usage: number;
  runningDevices: number;
  waiting: number;
}

/**
 * Rows of `table` with their usage: that of ended attempts, and that of running ones up to now. `owner` is the column of
 * `run` that refers to the table.
 */
const usageOf = (table: "team" | "team_user", owner: "team_id" | "user_id", more: string) => `
  with held as (
    select r.${owner} as owner, e.units, a.started_at, class_charge(r.class) as charge
    from run r join run_device e on e.run_id = r.id join attempt a on a.run_id = r.id and a.number = r.attempt
    where r.state = 'RUNNING'
  ), queued as (
    select ${owner} as owner, count(*)::int as runs from run where state = 'QUEUED' group by 1
  )
  select t.id, t.name, t.weight, t.quota_period as period, t.quota_devices as devices, t.quota_hours as "deviceHours",
    (case when t.spent_from = period_start(t.quota_period, now()) then t.spent_hours else 0 end + coalesce((
      select sum(h.units * extract(epoch from now() - greatest(h.started_at, period_start(t.quota_period, now())))) / 3600
      from held h where h.owner = t.id), 0))::float8 as "usedDeviceHours",
    (t.used_seconds * 2 ^ (-greatest(0, extract(epoch from now() - t.used_at)) / usage_half_life()) + coalesce((
      select sum(h.units * h.charge * usage_half_life() / ln(2)
        * (1 - 2 ^ (-extract(epoch from now() - h.started_at) / usage_half_life())))
      from held h where h.owner = t.id), 0))::float8 as usage,
    coalesce((select sum(h.units) from held h where h.owner = t.id), 0)::float8 as "runningDevices",
    coalesce((select q.runs from queued q where q.owner = t.id), 0) as waiting, ${more}
  from ${table} t`;
const teams = usageOf(
  "team",
  "team_id",
  `t.id as "teamId", t.quota_borrowing as borrowing, t.quota_queued_runs as "queuedRuns", t.quota_pending_runs as "pendingRuns",
  t.quota_bytes::float8 as bytes, bytes_of_team(t.id)::float8 as "storedBytes", t.urgent_from as urgent`,
);
const users = usageOf(
  "team_user",
  "user_id",
  `t.team_id as "teamId", null::float8 as borrowing, null::int as "queuedRuns", null::int as "pendingRuns", null::float8 as bytes, 0::float8 as "storedBytes", null as urgent`,
);

/** All teams by name, or the one of this name, with their users and what they have used up to now. */
export async function readTeams({ query }: Pick<Database, "query">, name?: string): Promise<Team[]> {
  const { rows } = await query<Row>(`${teams} where $1::text is null or t.name = $1 order by t.name`, [name]);
  const { rows: members } = await query<Row>(`${users} where t.team_id = any($1) order by t.name`, [
    rows.map(({ id }) => id),
  ]);
  return rows.map((row) =>
    toTeam(
      row,
      members.filter(({ teamId }) => teamId === row.id),
    ),
  );
}

function toTeam(row: Row, members: readonly Row[]): Team {
  const { devices, borrowing, queuedRuns, pendingRuns, deviceHours, bytes, storedBytes, urgent } = row;
  const quota = present({ devices, borrowing, queuedRuns, pendingRuns, deviceHours, bytes });
  const team = { ...toUser(row), quota, storedBytes, urgent };
  return { ...team, users: members.map(toUser), notes: quotaNotes(team) };
}

const toUser = ({ waiting, ...row }: Row): TeamUser => ({
  id: row.id,
  name: row.name,
  weight: row.weight,
  period: row.period,
  usedDeviceHours: row.usedDeviceHours,
  usage: row.usage,
  runningDevices: row.runningDevices,
  queuedRuns: waiting,
  quota: present({ devices: row.devices, deviceHours: row.deviceHours }),
});
