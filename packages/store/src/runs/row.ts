import {
  type Author,
  explainWaiting,
  type FailureClass,
  type Needs,
  type PriorityClass,
  type Waiting,
  type ProblemDocument,
  type Progress,
  type Run,
  type RunKind,
  type RunResult,
  type RunRole,
  type RunSpec,
  type RunState,
} from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { kept } from "../database/kept.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";

/** A run as `runColumns` selects it. */
export interface RunRow {
  id: string;
  teamId: string;
  kind: RunKind;
  state: RunState;
  spec: RunSpec;
  resolved: RunSpec | null;
  class: PriorityClass;
  priority: number;
  needs: Needs;
  predictedBytes: string | null;
  waiting: WaitingRow | null;
  arrayId: string | null;
  arrayIndex: number | null;
  wallSeconds: number | null;
  heldAt: Date | null;
  heldBy: string | null;
  dependsOn: string[];
  experimentId: string | null;
  variant: string | null;
  role: RunRole | null;
  attempt: number;
  leaseOwner: string | null;
  worker: { name: string; host: string } | null;
  cancelRequestedAt: Date | null;
  cancelledBy: Author | null;
  progress: Progress | null;
  expectedEnd: Date | null;
  result: RunResult | null;
  problem: ProblemDocument | null;
  failure: FailureClass | null;
  name: string | null;
  tags: string[];
  notes: string | null;
  clonedFrom: string | null;
  reusedFrom: string | null;
  createdAt: Date;
  createdBy: Author | null;
  queuedAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
}

/** A row of `run_waiting` as JSON. */
export interface WaitingRow extends Pick<Waiting, "reason"> {
  position: number | null;
  unblocked_by: Waiting["unblockedBy"];
  expected_start: Waiting["expectedStart"] | null;
  since?: string;
}

/**
 * Why run `r` waits. For a run that is held, depends on others, or is about to start, this follows from the run itself, so
 * that its row in `run_waiting` stays what the scheduler has told last.
 */
export const waitingColumn = `case r.state
    when 'QUEUED' then case when r.held_at is null then (select to_jsonb(w) from run_waiting w where w.run_id = r.id)
      else jsonb_build_object('reason', jsonb_build_object('code', 'held', 'at', r.held_at, 'by', r.held_by),
        'since', r.held_at, 'unblocked_by', '[{"by": "release"}]'::jsonb) end
    when 'DISPATCHED' then jsonb_build_object('reason', jsonb_build_object('code', 'starting', 'workerId', r.dispatch_worker),
      'unblocked_by', '[{"by": "worker"}]'::jsonb)
    when 'WAITING' then coalesce(case when not exists (select from run_dependency d join run o on o.id = d.depends_on_id
      where d.run_id = r.id and o.state <> 'SUCCEEDED') then (
        select jsonb_build_object('reason', jsonb_build_object('code', 'array-limit', 'limit', t.at_once),
          'unblocked_by', '[{"by": "turn", "ahead": 0}]'::jsonb) from run_array t where t.id = r.array_id) end, (
      select jsonb_build_object('reason', jsonb_build_object('code', 'dependency', 'runIds', u.ids),
        'unblocked_by', jsonb_build_array(jsonb_build_object('by', 'runs', 'runIds', u.ids)))
      from (select coalesce(jsonb_agg(d.depends_on_id order by d.depends_on_id), '[]') as ids
        from run_dependency d join run o on o.id = d.depends_on_id
        where d.run_id = r.id and o.state <> 'SUCCEEDED') u))
  end`;

/**
 * What the latest attempt of a run has reported last. A retry forgets it. Workers of older releases have written it to the
 * run itself.
 */
export const progressOf = (run: string): string => `coalesce((select q.progress from run_progress q
  where q.run_id = ${run}.id and q.attempt = ${run}.attempt and q.attempt > ${run}.forgiven_attempt), ${run}.progress)`;

/**
 * When run `run` is expected to end, while it is RUNNING: by its own speed once that says something, as the planner has it, else by its
 * work and the pace of others, or how long runs of its kind took; null where nobody can tell. PostgreSQL may divide before it looks whether there is a total.
 */
export const expectedEndOf = (run: string): string => `case when ${run}.state = 'RUNNING' then (
    select case when (w.done - w.before) >= 0.01 and a.elapsed >= 20 then now() + make_interval(secs => (1 - w.done) * a.elapsed / (w.done - w.before))
      when h.likely / 1000 > a.elapsed then a.started_at + make_interval(secs => h.likely / 1000) end
    from (select started_at, resumed_step, extract(epoch from now() - started_at)::float8 as elapsed from attempt
        where run_id = ${run}.id and number = ${run}.attempt) a
      left join lateral (select least(1, (told ->> 'done')::float8 / nullif((told ->> 'total')::float8, 0)) as done,
          coalesce(a.resumed_step, 0) / nullif((told ->> 'total')::float8, 0) as before
        from (select ${progressOf(run)}) p (told) where told ->> 'phase' = ${run}.kind and (told ->> 'total')::float8 > 0) w on true
      left join lateral (select likely * case when key like 'pace/%' then ${run}.predicted_seconds else 1 end as likely
        from run_history join unnest(array['pace/' || ${run}.kind || '/' || ${run}.model_id, ${run}.kind || '/' || ${run}.model_id,
          'pace/' || ${run}.kind, ${run}.kind]) with ordinality k (name, place) on key = k.name
        where case when key like 'pace/%' then ${run}.predicted_seconds is not null else cardinality(durations) >= 3 end
        order by k.place limit 1) h on true) end`;

/** Columns of run `r` that are long, or are looked up: a list may leave them out. */
const costlyColumns = {
  spec: "r.spec",
  resolved: "r.resolved",
  waiting: waitingColumn,
  dependsOn: "array(select d.depends_on_id from run_dependency d where d.run_id = r.id order by 1)",
  worker:
    "(select jsonb_build_object('name', w.name, 'host', w.host) from worker w where w.id = r.lease_owner)",
  progress: progressOf("r"),
  expectedEnd: expectedEndOf("r"),
  result: "r.result",
  problem: "r.problem",
  notes: "r.notes",
} satisfies { [Field in keyof Run]?: string };

const cheapColumns = `r.id, r.team_id as "teamId", r.name, r.tags, r.kind, r.state, r.class, r.priority, r.needs, r.predicted_bytes as "predictedBytes",
  r.array_id as "arrayId", r.array_index as "arrayIndex", r.wall_seconds as "wallSeconds", r.held_at as "heldAt", r.held_by as "heldBy",
  r.experiment_id as "experimentId", r.cloned_from as "clonedFrom", r.reused_from as "reusedFrom", r.variant, r.role, r.attempt, r.lease_owner as "leaseOwner",
  r.cancel_requested_at as "cancelRequestedAt", r.cancelled_by as "cancelledBy", r.created_by as "createdBy", r.failure,
  r.created_at as "createdAt", r.queued_at as "queuedAt", r.started_at as "startedAt", r.ended_at as "endedAt"`;

/** The columns of run `r`; what is not among the fields and costs something is left out. */
export const columnsOf = (fields?: readonly (keyof Run)[]): string =>
  [
    cheapColumns,
    ...Object.entries(costlyColumns).map(([field, column]) =>
      fields === undefined || fields.includes(field as keyof Run)
        ? `${column} as "${field}"`
        : `null as "${field}"`,
    ),
  ].join(", ");

/** All columns of run `r`. */
export const runColumns = columnsOf();

/** A run with its id and these fields alone. */
export const withFields = (run: Run, fields?: readonly (keyof Run)[]): Run =>
  fields === undefined
    ? run
    : (Object.fromEntries(
        Object.entries(run).filter(([name]) => name === "id" || fields.includes(name as keyof Run)),
      ) as Run);

export const toRun = (row: RunRow): Run => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  spec: row.spec,
  class: row.class,
  priority: row.priority,
  needs: row.needs,
  dependsOn: row.dependsOn,
  attempt: row.attempt,
  createdAt: iso(row.createdAt),
  ...present({
    name: row.name,
    tags: row.tags.length > 0 ? row.tags : null,
    notes: row.notes,
    clonedFrom: row.clonedFrom,
    reusedFrom: row.reusedFrom,
    resolved: row.resolved,
    predictedBytes: row.predictedBytes === null ? null : Number(row.predictedBytes),
    waiting: row.waiting && toWaiting(row.waiting),
    limits: row.wallSeconds === null ? null : { wallSeconds: row.wallSeconds },
    array: row.arrayId === null ? null : { id: row.arrayId, index: row.arrayIndex! },
    held: row.heldAt && { at: iso(row.heldAt), by: row.heldBy! },
    experimentId: row.experimentId,
    variant: row.variant,
    role: row.role,
    progress: row.progress,
    expectedEnd: isoOrNull(row.expectedEnd),
    result: row.result && withScores(row.result),
    problem: row.problem,
    failure: row.failure,
    cancelRequestedAt: isoOrNull(row.cancelRequestedAt),
    cancelledBy: row.cancelledBy,
    createdBy: row.createdBy,
    workerId: row.leaseOwner,
    worker: row.worker,
    queuedAt: isoOrNull(row.queuedAt),
    startedAt: isoOrNull(row.startedAt),
    endedAt: isoOrNull(row.endedAt),
  }),
});

/**
 * Evaluations were of graded pairs alone once, and older workers still write them so. What they say stays beside what today's are
 * read by, as older clients look for it.
 */
function withScores(result: RunResult): RunResult {
  if (!("sts" in result)) return result;
  const { sts } = result as { sts: { spearman: number; pearson: number; pairs: number }[] };
  const scores = sts.map((old) => ({
    ...old,
    task: "sts" as const,
    score: old.spearman,
    metrics: { spearman: old.spearman, pearson: old.pearson },
    units: old.pairs,
  }));
  return { ...result, scores } as unknown as RunResult;
}

export const toWaiting = ({ reason: told, ...row }: WaitingRow): Waiting => {
  // PostgreSQL writes an instant in JSON with an offset.
  const reason = told.code === "held" ? { ...told, at: new Date(told.at).toISOString() } : told;
  return {
    reason,
    detail: explainWaiting(reason),
    unblockedBy: row.unblocked_by,
    ...present({
      since: row.since === undefined ? null : new Date(row.since).toISOString(),
      position: row.position,
      expectedStart: row.expected_start,
    }),
  };
};

const reading = `select ${runColumns} from run r where r.team_id = $1 and r.id = $2`;
const oneRun = kept("run", reading);
const lockedRun = kept("run-locked", `${reading} for no key update of r`);

/** Reads a run in a transaction. With `lock`, nobody else can change it until the transaction ends. */
export async function readRun(tx: Transaction, teamId: string, runId: string, lock = false): Promise<Run> {
  const { rows } = await tx.query<RunRow>(lock ? lockedRun : oneRun, [teamId, runId]);
  return toRun(found(rows[0], "run", runId));
}
