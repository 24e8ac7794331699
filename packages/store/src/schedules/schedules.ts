import {
  isProblem,
  newId,
  Problem,
  type Author,
  type Firing,
  type MadeByQuery,
  type OverlapPolicy,
  type Page,
  type PageQuery,
  type ProblemDocument,
  type Schedule,
  type ScheduleChange,
  type ScheduleCreate,
  type Submission,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import {
  fireDue,
  fireWaiting,
  firingColumns,
  toFiring,
  type Fired,
  type FiringRow,
  type Submit,
} from "./firing.ts";
import { nextTime } from "./next-time.ts";
import { byId, cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";

export interface Schedules {
  /**
   * What it submits is its maker's: the weight, the quota and the usage of that user count. Throws `request/invalid` for a wrong cron expression, `resource/conflict` when the team has a schedule of this name.
   */
  create(
    input: { teamId: string; userId?: string; createdBy?: Author; schedule: ScheduleCreate },
    tx?: Transaction,
  ): Promise<Schedule>;
  get(teamId: string, scheduleId: string): Promise<Schedule>;
  /** Newest first. */
  list(teamId: string, query?: MadeByQuery): Promise<Page<Schedule>>;
  /**
   * Pauses a schedule, or lets it fire again from its next time on; the times that it missed are left out. Doing the same
   * twice changes nothing.
   */
  enable(teamId: string, scheduleId: string, enabled: boolean): Promise<Schedule>;
  change(teamId: string, scheduleId: string, change: ScheduleChange): Promise<Schedule>;
  /** What came of the due times, newest first. */
  firings(teamId: string, scheduleId: string, query?: PageQuery): Promise<Page<Firing>>;
  remove(teamId: string, scheduleId: string): Promise<void>;
  /**
   * Fires one schedule that is due, or one that has waited until what it had submitted before has ended. One transaction writes what `submit` makes, the record of the firing, and the next time,
   * which is later than now. When `submit` throws, the record holds the problem, unless the database cannot be reached:
   * then nothing is written. Undefined when no schedule is due.
   */
  fireDue(submit: Submit): Promise<Fired | undefined>;
}

interface Row extends Partial<FiringRow> {
  id: string;
  teamId: string;
  name: string;
  cron: string;
  timezone: string;
  overlap: OverlapPolicy;
  submission: Submission;
  enabled: boolean;
  nextAt: Date | null;
  createdAt: Date;
  createdBy: Author | null;
}

const byTime = cursorOf(["time"]);

const select = `select s.id, s.team_id as "teamId", s.name, s.cron, s.timezone, s.overlap, s.submission, s.enabled,
    s.next_at as "nextAt", s.created_at as "createdAt", s.created_by as "createdBy", ${firingColumns}
  from schedule s left join lateral (
    select * from schedule_firing where schedule_id = s.id order by due_at desc limit 1) f on true`;

export function createSchedules({ query, transaction, within }: Database): Schedules {
  async function read(tx: Pick<Transaction, "query">, teamId: string, id: string): Promise<Schedule> {
    const { rows } = await tx.query<Row>(`${select} where s.team_id = $1 and s.id = $2`, [teamId, id]);
    return toSchedule(found(rows[0], "schedule", id));
  }

  return {
    create: ({ teamId, userId, createdBy, schedule }, tx) =>
      within(tx, async (tx) => {
        const id = newId("schedule");
        const { name, cron, timezone = "UTC", overlap = "allow", submission } = schedule;
        const { rowCount } = await tx.query(
          `insert into schedule (id, team_id, name, cron, timezone, submission, next_at, overlap, user_id, created_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           on conflict (team_id, name) do nothing`,
          [
            id,
            teamId,
            name,
            cron,
            timezone,
            toJson(submission),
            nextTime({ cron, timezone }, await nowOf(tx)),
            overlap,
            userId,
            createdBy === undefined ? null : toJson(createdBy),
          ],
        );
        if (rowCount === 0)
          throw new Problem("resource/conflict", `There is a schedule named ${name}; remove it first.`, {
            field: "/name",
          });
        return read(tx, teamId, id);
      }),
    get: (teamId, scheduleId) => read({ query } as Transaction, teamId, scheduleId),
    async list(teamId, { limit: wanted, cursor, createdBy } = {}) {
      const limit = pageLimit(wanted);
      const { rows } = await query<Row>(
        `${select} where s.team_id = $1 and ($2::text is null or s.id < $2)
           and ($4::text is null or s.created_by ->> 'user' = $4) order by s.id desc limit $3`,
        [teamId, byId.read(cursor)[0], limit + 1, createdBy],
      );
      return toPage(rows, limit, toSchedule, ({ id }) => id);
    },
    enable: (teamId, scheduleId, enabled) =>
      transaction(async (tx) => {
        await tx.query("select from schedule where team_id = $1 and id = $2 for update", [
          teamId,
          scheduleId,
        ]);
        const schedule = await read(tx, teamId, scheduleId);
        if (schedule.enabled === enabled) return schedule;
        await tx.query("update schedule set enabled = $2, next_at = $3 where id = $1", [
          scheduleId,
          enabled,
          enabled ? nextTime(schedule, await nowOf(tx)) : null,
        ]);
        return read(tx, teamId, scheduleId);
      }),
    change: (teamId, scheduleId, change) =>
      transaction(async (tx) => {
        await tx.query("select from schedule where team_id = $1 and id = $2 for update", [
          teamId,
          scheduleId,
        ]);
        const was = await read(tx, teamId, scheduleId);
        const { cron, timezone, overlap } = { ...was, ...change };
        // Its next time stays where nothing is said about it.
        const moved = change.cron !== undefined || change.timezone !== undefined;
        const next = moved ? nextTime({ cron, timezone }, await nowOf(tx)) : null;
        await tx.query(
          `update schedule set cron = $2, timezone = $3, overlap = $4,
             next_at = case when enabled then coalesce($5, next_at) end where id = $1`,
          [scheduleId, cron, timezone, overlap, next],
        );
        return read(tx, teamId, scheduleId);
      }),
    async firings(teamId, scheduleId, { limit: wanted, cursor } = {}) {
      await read({ query } as Transaction, teamId, scheduleId);
      const limit = pageLimit(wanted);
      const [before] = byTime.read(cursor);
      const { rows } = await query<FiringRow>(
        `select ${firingColumns} from schedule_firing f
         where f.schedule_id = $1 and ($2::float8 is null or f.due_at < to_timestamp($2 / 1000)) order by f.due_at desc limit $3`,
        [scheduleId, before, limit + 1],
      );
      return toPage(rows, limit, toFiring, ({ dueAt }) => byTime.write(dueAt.getTime()));
    },
    remove: (teamId, scheduleId) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          "delete from schedule where team_id = $1 and id = $2 returning id",
          [teamId, scheduleId],
        );
        found(rows[0], "schedule", scheduleId);
      }),
    fireDue: (submit) => transaction(async (tx) => (await fireDue(tx, submit)) ?? fireWaiting(tx, submit)),
  };
}

async function nowOf(tx: Transaction): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>("select now() as now");
  return rows[0]!.now;
}

/** What is wrong with an expression or a zone that an earlier release has taken. */
function refusalOf(schedule: Pick<Row, "cron" | "timezone">): ProblemDocument | null {
  try {
    nextTime(schedule, new Date());
    return null;
  } catch (error) {
    if (isProblem(error)) return error.toDocument();
    throw error;
  }
}

const toSchedule = (row: Row): Schedule => ({
  id: row.id,
  name: row.name,
  cron: row.cron,
  timezone: row.timezone,
  overlap: row.overlap,
  submission: row.submission,
  enabled: row.enabled,
  createdAt: iso(row.createdAt),
  ...present({
    nextAt: isoOrNull(row.nextAt),
    problem: row.enabled ? refusalOf(row) : null,
    createdBy: row.createdBy,
    last: row.dueAt ? toFiring(row as FiringRow) : null,
  }),
});
