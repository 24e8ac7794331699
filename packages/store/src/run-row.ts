import type {
  FailureClass,
  ProblemDocument,
  Progress,
  Run,
  RunKind,
  RunResult,
  RunSpec,
  RunState,
} from "@espalier/contract";
import type { Transaction } from "./database.ts";
import { found, iso, isoOrNull, present } from "./row.ts";

/** A run as `runColumns` selects it. */
export interface RunRow {
  id: string;
  teamId: string;
  kind: RunKind;
  state: RunState;
  spec: RunSpec;
  priority: number;
  dependsOn: string[];
  experimentId: string | null;
  variant: string | null;
  attempt: number;
  leaseOwner: string | null;
  cancelRequestedAt: Date | null;
  progress: Progress | null;
  result: RunResult | null;
  problem: ProblemDocument | null;
  failure: FailureClass | null;
  createdAt: Date;
  queuedAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
}

/** Columns of a run that is called `r`. */
export const runColumns = `r.id, r.team_id as "teamId", r.kind, r.state, r.spec, r.priority,
  array(select d.depends_on_id from run_dependency d where d.run_id = r.id order by 1) as "dependsOn",
  r.experiment_id as "experimentId", r.variant, r.attempt, r.lease_owner as "leaseOwner",
  r.cancel_requested_at as "cancelRequestedAt", r.progress, r.result, r.problem, r.failure, r.created_at as "createdAt",
  r.queued_at as "queuedAt", r.started_at as "startedAt", r.ended_at as "endedAt"`;

export const toRun = (row: RunRow): Run => ({
  id: row.id,
  kind: row.kind,
  state: row.state,
  spec: row.spec,
  priority: row.priority,
  dependsOn: row.dependsOn,
  attempt: row.attempt,
  createdAt: iso(row.createdAt),
  ...present({
    experimentId: row.experimentId,
    variant: row.variant,
    progress: row.progress,
    result: row.result,
    problem: row.problem,
    failure: row.failure,
    cancelRequestedAt: isoOrNull(row.cancelRequestedAt),
    workerId: row.leaseOwner,
    queuedAt: isoOrNull(row.queuedAt),
    startedAt: isoOrNull(row.startedAt),
    endedAt: isoOrNull(row.endedAt),
  }),
});

/** The run as the transaction sees it; `lock` also keeps others from changing it. */
export async function readRun(tx: Transaction, teamId: string, runId: string, lock = false): Promise<Run> {
  const { rows } = await tx.query<RunRow>(
    `select ${runColumns} from run r where r.team_id = $1 and r.id = $2 ${lock ? "for update of r" : ""}`,
    [teamId, runId],
  );
  return toRun(found(rows[0], "run", runId));
}
