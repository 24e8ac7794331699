import {
  Problem,
  type TeamAccount,
  type TeamChange,
  type UserAccount,
  type UserChange,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { found, present } from "../database/row.ts";

/** Weights and quotas of teams and their users, and what they have had. */
export interface Accounts {
  list(): Promise<TeamAccount[]>;
  get(teamName: string): Promise<TeamAccount>;
  /** What is left out stays, null takes a limit away. A quota below what is held is accepted: nothing that runs is ended for it. */
  setTeam(teamName: string, change: TeamChange): Promise<TeamAccount>;
  setUser(teamName: string, userName: string, change: UserChange): Promise<TeamAccount>;
}

interface Row {
  id: string;
  name: string;
  teamId: string;
  weight: number;
  period: TeamAccount["period"];
  devices: number | null;
  borrowing: number | null;
  queuedRuns: number | null;
  deviceHours: number | null;
  usedDeviceHours: number;
  usage: number;
  runningDevices: number;
  waiting: number;
}

/** Columns that a change may set. */
const columns: Readonly<Record<keyof TeamChange, string>> = {
  weight: "weight",
  period: "quota_period",
  devices: "quota_devices",
  borrowing: "quota_borrowing",
  queuedRuns: "quota_queued_runs",
  deviceHours: "quota_hours",
};

/** Rows of `table`, which runs name as `owner`: what ended attempts have used, and running ones so far. */
const accounts = (table: "team" | "team_user", owner: "team_id" | "user_id", more: string) => `
  with held as (
    select r.${owner} as owner, e.units, a.started_at,
      case r.class when 'urgent' then 2 when 'normal' then 1 else 0.5 end as charge
    from run r join run_device e on e.run_id = r.id join attempt a on a.run_id = r.id and a.number = r.attempt
    where r.state = 'RUNNING'
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
    (select count(*) from run r where r.${owner} = t.id and r.state = 'QUEUED')::int as waiting, ${more}
  from ${table} t`;
const teams = accounts(
  "team",
  "team_id",
  `t.id as "teamId", t.quota_borrowing as borrowing, t.quota_queued_runs as "queuedRuns"`,
);
const users = accounts(
  "team_user",
  "user_id",
  `t.team_id as "teamId", null::float8 as borrowing, null::int as "queuedRuns"`,
);

export function createAccounts({ query, transaction }: Database): Accounts {
  async function read(teamName?: string): Promise<TeamAccount[]> {
    const { rows } = await query<Row>(`${teams} where $1::text is null or t.name = $1 order by t.name`, [
      teamName,
    ]);
    const { rows: members } = await query<Row>(`${users} where t.team_id = any($1) order by t.name`, [
      rows.map(({ id }) => id),
    ]);
    return rows.map((row) =>
      toTeam(
        row,
        members.filter(({ teamId }) => teamId === row.id).map((member) => toAccount(member)),
      ),
    );
  }
  const get = async (teamName: string): Promise<TeamAccount> =>
    found((await read(teamName))[0], "team", teamName);

  return {
    list: () => read(),
    get,
    async setTeam(teamName, change) {
      await transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>("select id from team where name = $1", [teamName]);
        await set(tx, "team", found(rows[0], "team", teamName).id, change);
      });
      return get(teamName);
    },
    async setUser(teamName, userName, change) {
      await transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          "select u.id from team_user u join team t on t.id = u.team_id where t.name = $1 and u.name = $2",
          [teamName, userName],
        );
        await set(tx, "team_user", found(rows[0], `user ${userName} of team`, teamName).id, change);
      });
      return get(teamName);
    },
  };
}

async function set(
  tx: Transaction,
  table: "team" | "team_user",
  id: string,
  change: TeamChange,
): Promise<void> {
  const given = Object.entries(change).filter(([, value]) => value !== undefined) as [
    keyof TeamChange,
    unknown,
  ][];
  if (given.length === 0)
    throw new Problem("request/invalid", "Nothing is to change; name a weight or a quota.", { field: "" });
  // Hours that were counted under another period say nothing of this one.
  const recount =
    change.period === undefined
      ? ""
      : ", spent_hours = case when quota_period = $2 then spent_hours else 0 end";
  const ordered = [...given].sort(([a], [b]) => Number(b === "period") - Number(a === "period"));
  const assignments = ordered.map(([name], i) => `${columns[name]} = $${i + 2}`);
  await tx.query(`update ${table} set ${assignments.join(", ")}${recount} where id = $1`, [
    id,
    ...ordered.map(([, value]) => value),
  ]);
}

const toAccount = ({ waiting, ...row }: Row): UserAccount => ({
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

const toTeam = (row: Row, members: UserAccount[]): TeamAccount => ({
  ...toAccount(row),
  quota: present({
    devices: row.devices,
    borrowing: row.borrowing,
    queuedRuns: row.queuedRuns,
    deviceHours: row.deviceHours,
  }),
  users: members,
  notes: notesOf(row),
});

const number = (value: number): string => String(Math.round(value * 10) / 10);

const devicesOf = (units: number): string => `${number(units)} ${units === 1 ? "device" : "devices"}`;

/** What a quota means for what is there now. */
function notesOf({
  devices,
  borrowing,
  deviceHours,
  queuedRuns,
  runningDevices,
  usedDeviceHours,
  waiting,
}: Row): string[] {
  const notes: string[] = [];
  const ceiling = devices === null || borrowing === null ? Infinity : devices + borrowing;
  if (runningDevices > ceiling)
    notes.push(
      `It holds ${devicesOf(runningDevices)}, more than its ${number(ceiling)}: nothing is ended for that, nothing new of it starts until it is below.`,
    );
  else if (devices !== null && runningDevices > devices)
    notes.push(
      `It borrows ${devicesOf(runningDevices - devices)}: teams within their own quota may reclaim them.`,
    );
  if (deviceHours !== null && usedDeviceHours >= deviceHours)
    notes.push(
      `Its ${number(deviceHours)} device hours of this period are used up: what runs goes on, nothing new of it starts before the next.`,
    );
  if (queuedRuns !== null && waiting > queuedRuns)
    notes.push(`${waiting - queuedRuns} of its ${waiting} queued runs wait outside the order.`);
  return notes;
}
