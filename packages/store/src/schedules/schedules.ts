import {
  isProblem,
  newId,
  Problem,
  type Firing,
  type Page,
  type PageQuery,
  type ProblemDocument,
  type Schedule,
  type ScheduleCreate,
  type Submission,
} from "@espalier/contract";
import { isConflict, toProblem, type Database, type Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { nextTime } from "./next-time.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";

/** A schedule whose time has come. */
export interface DueSchedule {
  id: string;
  teamId: string;
  submission: Submission;
}

/** What one firing of a schedule has submitted. */
export type Submitted = { experimentId: string } | { runId: string };

export interface Schedules {
  /** Throws `request/invalid` for a wrong cron expression, `resource/conflict` when the team has a schedule of this name. */
  create(input: { teamId: string; schedule: ScheduleCreate }, tx?: Transaction): Promise<Schedule>;
  get(teamId: string, scheduleId: string): Promise<Schedule>;
  /** Newest first. */
  list(teamId: string, query?: PageQuery): Promise<Page<Schedule>>;
  /**
   * Pauses a schedule, or lets it fire again from its next time on; the times that it missed are left out. Doing the same
   * twice changes nothing.
   */
  enable(teamId: string, scheduleId: string, enabled: boolean): Promise<Schedule>;
  remove(teamId: string, scheduleId: string): Promise<void>;
  /**
   * Fires one schedule that is due. One transaction writes what `submit` makes, the record of the firing, and the next time,
   * which is later than now. When `submit` throws, the record holds the problem, unless the database cannot be reached:
   * then nothing is written. Undefined when no schedule is due.
   */
  fireDue(
    submit: (tx: Transaction, schedule: DueSchedule) => Promise<Submitted>,
  ): Promise<{ scheduleId: string; firing: Firing } | undefined>;
}

interface Row {
  id: string;
  teamId: string;
  name: string;
  cron: string;
  timezone: string;
  submission: Submission;
  enabled: boolean;
  nextAt: Date | null;
  createdAt: Date;
  dueAt: Date | null;
  firedAt: Date | null;
  experimentId: string | null;
  runId: string | null;
  problem: ProblemDocument | null;
}

const select = `select s.id, s.team_id as "teamId", s.name, s.cron, s.timezone, s.submission, s.enabled, s.next_at as "nextAt",
    s.created_at as "createdAt", f.due_at as "dueAt", f.fired_at as "firedAt", f.experiment_id as "experimentId",
    f.run_id as "runId", f.problem
  from schedule s left join lateral (
    select * from schedule_firing where schedule_id = s.id order by due_at desc limit 1) f on true`;

export function createSchedules({ prisma, query, transaction, within }: Database): Schedules {
  async function read(tx: Pick<Transaction, "query">, teamId: string, id: string): Promise<Schedule> {
    const { rows } = await tx.query<Row>(`${select} where s.team_id = $1 and s.id = $2`, [teamId, id]);
    return toSchedule(found(rows[0], "schedule", id));
  }

  return {
    create: ({ teamId, schedule }, tx) =>
      within(tx, async (tx) => {
        const id = newId("schedule");
        const { name, cron, timezone = "UTC", submission } = schedule;
        const { rowCount } = await tx.query(
          `insert into schedule (id, team_id, name, cron, timezone, submission, next_at) values ($1, $2, $3, $4, $5, $6, $7)
           on conflict (team_id, name) do nothing`,
          [
            id,
            teamId,
            name,
            cron,
            timezone,
            toJson(submission),
            nextTime({ cron, timezone }, await nowOf(tx)),
          ],
        );
        if (rowCount === 0)
          throw new Problem("resource/conflict", `There is a schedule named ${name}; remove it first.`, {
            field: "/name",
          });
        return read(tx, teamId, id);
      }),
    get: (teamId, scheduleId) => read({ query } as Transaction, teamId, scheduleId),
    async list(teamId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted);
      const { rows } = await query<Row>(
        `${select} where s.team_id = $1 and ($2::text is null or s.id < $2) order by s.id desc limit $3`,
        [teamId, cursor, limit + 1],
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
    async remove(teamId, scheduleId) {
      const { count } = await prisma.schedule.deleteMany({ where: { id: scheduleId, teamId } });
      found(count === 0 ? undefined : scheduleId, "schedule", scheduleId);
    },
    fireDue: (submit) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<
          DueSchedule & { cron: string; timezone: string; dueAt: Date; now: Date }
        >(
          `select id, team_id as "teamId", cron, timezone, submission, next_at as "dueAt", now() as now from schedule
           where next_at <= now() order by next_at limit 1 for update skip locked`,
        );
        const [due] = rows;
        if (!due) return undefined;
        const { id, teamId, submission, cron, timezone } = due;
        // A due time fires once, whatever has been done to the clock or to the schedule.
        const { rowCount: first } = await tx.query(
          "insert into schedule_firing (schedule_id, due_at) values ($1, $2) on conflict do nothing",
          [id, due.dueAt],
        );
        const submitted =
          first === 0 ? {} : await trySubmit(tx, () => submit(tx, { id, teamId, submission }));
        if (first !== 0)
          await tx.query(
            "update schedule_firing set experiment_id = $3, run_id = $4, problem = $5 where schedule_id = $1 and due_at = $2",
            [
              id,
              due.dueAt,
              "experimentId" in submitted ? submitted.experimentId : null,
              "runId" in submitted ? submitted.runId : null,
              "problem" in submitted ? toJson(submitted.problem) : null,
            ],
          );
        await tx.query("update schedule set next_at = $2 where id = $1", [
          id,
          nextOrNever({ cron, timezone }, due.now),
        ]);
        return {
          scheduleId: id,
          firing: { dueAt: iso(due.dueAt), firedAt: iso(due.now), ...submitted },
        };
      }),
  };
}

/** A schedule whose time zone no longer exists never fires again; an error here would keep all others from firing. */
function nextOrNever(schedule: { cron: string; timezone: string }, after: Date): Date | null {
  try {
    return nextTime(schedule, after);
  } catch {
    return null;
  }
}

/** What `submit` has made. When it throws, its writes are undone and the problem is returned. */
async function trySubmit(
  tx: Transaction,
  submit: () => Promise<Submitted>,
): Promise<Submitted | { problem: ProblemDocument }> {
  await tx.query("savepoint submission");
  try {
    return await submit();
  } catch (error) {
    const cause = toProblem(error);
    if (isProblem(cause) && cause.code === "service/unavailable") throw error;
    if (isConflict(error)) throw error;
    await tx.query("rollback to savepoint submission");
    const problem = isProblem(cause) ? cause : new Problem("internal/error", String(error));
    return { problem: problem.toDocument() };
  }
}

async function nowOf(tx: Transaction): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>("select now() as now");
  return rows[0]!.now;
}

const toSchedule = (row: Row): Schedule => ({
  id: row.id,
  name: row.name,
  cron: row.cron,
  timezone: row.timezone,
  submission: row.submission,
  enabled: row.enabled,
  createdAt: iso(row.createdAt),
  ...present({
    nextAt: isoOrNull(row.nextAt),
    last: row.dueAt && {
      dueAt: iso(row.dueAt),
      firedAt: iso(row.firedAt!),
      ...present({ experimentId: row.experimentId, runId: row.runId, problem: row.problem }),
    },
  }),
});
