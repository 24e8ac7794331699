import {
  isProblem,
  isTerminal,
  Problem,
  runStates,
  type Author,
  type Firing,
  type OverlapPolicy,
  type ProblemDocument,
  type Submission,
} from "@espalier/contract";
import { writeAct } from "../audit/acts.ts";
import { isConflict, toProblem, type Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { iso, present } from "../database/row.ts";
import { cancelRuns } from "../runs/runs.ts";
import { nextTime } from "./next-time.ts";

/** A schedule whose time has come. */
export interface DueSchedule {
  id: string;
  teamId: string;
  /** Whose the runs are; absent for the team's user `default`. */
  userId?: string;
  /** The schedule, for its maker. */
  author: Author;
  submission: Submission;
}

/** What one firing of a schedule has submitted. */
export type Submitted = { experimentId: string } | { runId: string };

export type Submit = (tx: Transaction, schedule: DueSchedule) => Promise<Submitted>;

export interface Fired {
  scheduleId: string;
  firing: Firing;
}

/** What became of a due time; `problem` comes with `failed`. */
interface Decided {
  outcome: Firing["outcome"];
  experimentId?: string;
  runId?: string;
  problem?: ProblemDocument;
  blockedBy?: string;
  replaced?: string[];
}

const living = runStates.filter((state) => !isTerminal(state)).map((state) => `'${state}'`);
/** Condition: what firing `f` has submitted has not ended. */
const isUnfinished = `(exists (select from run r where r.id = f.run_id and r.state in (${living.join(", ")}))
  or exists (select from run r where r.experiment_id = f.experiment_id and r.state in (${living.join(", ")})))`;

interface DueRow {
  id: string;
  name: string;
  teamId: string;
  userId: string | null;
  createdBy: Author | null;
  submission: Submission;
}

/** The columns of schedule `s`. */
const dueColumns = `s.id, s.name, s.team_id as "teamId", s.user_id as "userId", s.created_by as "createdBy", s.submission`;

const toDue = ({ id, name, teamId, userId, createdBy, submission }: DueRow): DueSchedule => ({
  id,
  teamId,
  submission,
  author: { ...(createdBy ?? { user: "default" }), schedule: { id, name } },
  ...present({ userId }),
});

/** Fires the schedule that is due first. */
export async function fireDue(tx: Transaction, submit: Submit): Promise<Fired | undefined> {
  type Row = DueRow & { cron: string; timezone: string; overlap: OverlapPolicy; dueAt: Date; now: Date };
  const { rows } = await tx.query<Row>(
    `select ${dueColumns}, s.cron, s.timezone, s.overlap, s.next_at as "dueAt", now() as now from schedule s
     where s.next_at <= now() order by s.next_at limit 1 for update skip locked`,
  );
  const [due] = rows;
  if (!due) return undefined;
  const { id, cron, timezone, overlap, dueAt, now } = due;
  // A due time fires once, whatever has been done to the clock or to the schedule.
  const { rowCount: first } = await tx.query(
    "insert into schedule_firing (schedule_id, due_at) values ($1, $2) on conflict do nothing",
    [id, dueAt],
  );
  const decided: Decided =
    first === 0 ? { outcome: "submitted" } : await decide(tx, overlap, toDue(due), submit);
  if (first !== 0) await record(tx, { scheduleId: id, dueAt }, decided);
  await tx.query("update schedule set next_at = $2 where id = $1", [
    id,
    nextOrNever({ cron, timezone }, now),
  ]);
  if (first !== 0) await recordFiring(tx, toDue(due), decided);
  return { scheduleId: id, firing: { dueAt: iso(dueAt), firedAt: iso(now), ...decided } };
}

/** What a schedule submits and cancels, it does for its maker. */
async function recordFiring(
  tx: Transaction,
  { id, teamId, author }: DueSchedule,
  { outcome, experimentId, runId, replaced }: Decided,
): Promise<void> {
  if (outcome !== "submitted") return;
  await writeAct(tx, {
    action: "schedule.fire",
    by: author,
    operator: false,
    team: { id: teamId },
    subject: { kind: "schedule", id },
    change: present({ experimentId, runId, replaced }),
  });
}

/** Submits what waits for the end of what its schedule has submitted before, once that has ended. */
export async function fireWaiting(tx: Transaction, submit: Submit): Promise<Fired | undefined> {
  const { rows } = await tx.query<DueRow & { dueAt: Date; firedAt: Date; blockedBy: string }>(
    `select ${dueColumns}, w.due_at as "dueAt", w.fired_at as "firedAt", w.blocked_by as "blockedBy"
     from schedule_firing w join schedule s on s.id = w.schedule_id
     where w.outcome = 'waiting' and s.enabled and (s.overlap <> 'queue'
       or not exists (select from schedule_firing f where f.schedule_id = s.id and ${isUnfinished}))
     order by w.due_at limit 1 for update of w, s skip locked`,
  );
  const [due] = rows;
  if (!due) return undefined;
  const { id, dueAt, firedAt, blockedBy } = due;
  const decided = { ...(await trySubmit(tx, () => submit(tx, toDue(due)))), blockedBy };
  await record(tx, { scheduleId: id, dueAt }, decided);
  await recordFiring(tx, toDue(due), decided);
  return { scheduleId: id, firing: { dueAt: iso(dueAt), firedAt: iso(firedAt), ...decided } };
}

/** What the schedule's policy says, where what it has submitted before has not ended. */
async function decide(
  tx: Transaction,
  overlap: OverlapPolicy,
  schedule: DueSchedule,
  submit: Submit,
): Promise<Decided> {
  const { rows } = await tx.query<{ id: string; runIds: string[] }>(
    `select coalesce(f.experiment_id, f.run_id) as id,
       array(select r.id from run r where r.id = f.run_id or r.experiment_id = f.experiment_id) as "runIds"
     from schedule_firing f where f.schedule_id = $1 and ${isUnfinished} order by f.due_at desc`,
    [schedule.id],
  );
  const { rows: waiting } = await tx.query<{ blockedBy: string }>(
    `select blocked_by as "blockedBy" from schedule_firing where schedule_id = $1 and outcome = 'waiting'`,
    [schedule.id],
  );
  const blockedBy = rows[0]?.id ?? waiting[0]?.blockedBy;
  if (blockedBy === undefined || overlap === "allow") return trySubmit(tx, () => submit(tx, schedule));
  switch (overlap) {
    case "skip":
      return { outcome: "skipped", blockedBy };
    case "queue":
      return { outcome: waiting.length > 0 ? "skipped" : "waiting", blockedBy };
    case "replace": {
      // One savepoint: where the new one is refused, the old one goes on.
      const submitted = await trySubmit(tx, async () => {
        await cancelRuns(
          tx,
          rows.flatMap(({ runIds }) => runIds),
          schedule.author,
        );
        return submit(tx, schedule);
      });
      return submitted.outcome === "failed"
        ? submitted
        : { ...submitted, replaced: rows.map(({ id }) => id) };
    }
  }
}

const record = (
  tx: Transaction,
  { scheduleId, dueAt }: { scheduleId: string; dueAt: Date },
  { outcome, experimentId, runId, problem, blockedBy, replaced = [] }: Decided,
) =>
  tx.query(
    `update schedule_firing set outcome = $3, experiment_id = $4, run_id = $5, problem = $6, blocked_by = $7, replaced = $8
     where schedule_id = $1 and due_at = $2`,
    [
      scheduleId,
      dueAt,
      outcome,
      experimentId,
      runId,
      problem === undefined ? null : toJson(problem),
      blockedBy,
      replaced,
    ],
  );

/** A schedule whose time zone no longer exists never fires again; an error here would keep all others from firing. */
function nextOrNever(schedule: { cron: string; timezone: string }, after: Date): Date | null {
  try {
    return nextTime(schedule, after);
  } catch {
    return null;
  }
}

/** What `submit` has made. When it throws, its writes are undone and the problem is returned. */
async function trySubmit(tx: Transaction, submit: () => Promise<Submitted>): Promise<Decided> {
  await tx.query("savepoint submission");
  try {
    return { outcome: "submitted", ...(await submit()) };
  } catch (error) {
    const cause = toProblem(error);
    if (isProblem(cause) && cause.code === "service/unavailable") throw error;
    if (isConflict(error)) throw error;
    await tx.query("rollback to savepoint submission");
    const problem = isProblem(cause) ? cause : new Problem("internal/error", String(error));
    return { outcome: "failed", problem: problem.toDocument() };
  }
}

/** A row of `schedule_firing`. */
export interface FiringRow {
  dueAt: Date;
  firedAt: Date;
  outcome: Firing["outcome"];
  experimentId: string | null;
  runId: string | null;
  problem: ProblemDocument | null;
  blockedBy: string | null;
  replaced: string[];
}

/** The columns of firing `f`. */
export const firingColumns = `f.due_at as "dueAt", f.fired_at as "firedAt", f.outcome, f.experiment_id as "experimentId",
  f.run_id as "runId", f.problem, f.blocked_by as "blockedBy", f.replaced`;

export const toFiring = ({ dueAt, firedAt, outcome, replaced, ...row }: FiringRow): Firing => ({
  dueAt: iso(dueAt),
  firedAt: iso(firedAt),
  outcome,
  ...present({
    experimentId: row.experimentId,
    runId: row.runId,
    problem: row.problem,
    blockedBy: row.blockedBy,
    replaced: replaced.length > 0 ? replaced : null,
  }),
});
