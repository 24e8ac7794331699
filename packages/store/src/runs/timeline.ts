import { explainWaiting, type Author, type TimelineEntry, type WaitingReason } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { iso, present } from "../database/row.ts";
import { readRun } from "./row.ts";

interface AttemptRow {
  number: number;
  state: string;
  worker: string;
  resumedStep: number | null;
  lostSteps: number | null;
  problem: TimelineEntry["problem"] | null;
  startedAt: Date;
  endedAt: Date | null;
}

/** What the audit log calls what was done to a run, and what people are told of it. */
const acts = {
  "run.hold": { event: "held", text: "It was held." },
  "run.release": { event: "released", text: "It was released." },
  "run.change": { event: "changed", text: "It was changed." },
  "run.retry": { event: "retried", text: "It was queued again." },
  "run.cancel": { event: "cancel-requested", text: "Its end was asked for." },
} as const;

const ends: Readonly<Record<string, string>> = {
  SUCCEEDED: "It has succeeded.",
  FAILED: "It has failed.",
  CANCELLED: "It was cancelled.",
  SKIPPED: "It was skipped, because a run that it needs has no result.",
  QUARANTINED: "It was quarantined: it crashes wherever it computes.",
};
const stops: Readonly<Record<string, string>> = {
  FAILED: "The attempt has failed.",
  CANCELLED: "The attempt was cancelled.",
  LOST: "Its worker was lost.",
  RETURNED: "Its worker gave it back.",
  PREEMPTED: "It made room for another run.",
};

/** What has happened to a run, oldest first: from the run, its attempts, the audit log and, as long as they are kept, its events. */
export async function readTimeline(
  { query }: Pick<Database, "query">,
  teamId: string,
  runId: string,
): Promise<TimelineEntry[]> {
  const run = await readRun({ query } as Transaction, teamId, runId);
  const { rows: attempts } = await query<AttemptRow>(
    `select a.number, a.state, w.name as worker, a.resumed_step as "resumedStep", a.lost_steps as "lostSteps", a.problem,
       a.started_at as "startedAt", a.ended_at as "endedAt"
     from attempt a join worker w on w.id = a.worker_id where a.run_id = $1 order by a.number`,
    [runId],
  );
  const { rows: audited } = await query<{ at: Date; action: keyof typeof acts; author: Author }>(
    "select at, action, author from audit where subject_id = $1 and team_id = $2 and action = any($3)",
    [runId, teamId, Object.keys(acts)],
  );
  const { rows: waits } = await query<{ at: Date; reason: WaitingReason }>(
    "select at, body -> 'reason' as reason from event where run_id = $1 and body ->> 'type' = 'run.waiting'",
    [runId],
  );
  const { createdAt, createdBy, queuedAt, endedAt, state, problem, cancelRequestedAt, cancelledBy } = run;
  const isCancelTold = audited.some(({ action }) => action === "run.cancel");
  const entries: TimelineEntry[] = [
    { at: createdAt, event: "submitted", text: "It was submitted.", ...present({ by: createdBy }) },
    ...(queuedAt === undefined ? [] : [{ at: queuedAt, event: "queued" as const, text: "It could start." }]),
    ...waits.map(({ at, reason }) => ({
      at: iso(at),
      event: "waits" as const,
      text: explainWaiting(reason),
      reason,
    })),
    ...audited.map(({ at, action, author }) => ({ at: iso(at), ...acts[action], by: author })),
    ...attempts.flatMap(ofAttempt),
    ...(cancelRequestedAt === undefined || isCancelTold
      ? []
      : [{ at: cancelRequestedAt, ...acts["run.cancel"], ...present({ by: cancelledBy }) }]),
    ...(endedAt === undefined
      ? []
      : [
          {
            at: endedAt,
            event: "ended" as const,
            state,
            text: ends[state] ?? state,
            ...present({ problem }),
          },
        ]),
  ];
  // What is at the same moment stays in this order.
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function ofAttempt(row: AttemptRow): TimelineEntry[] {
  const { number: attempt, state, worker, resumedStep, lostSteps, problem, startedAt, endedAt } = row;
  const from = resumedStep === null ? "" : `, from step ${resumedStep} on`;
  const starts = {
    at: iso(startedAt),
    event: "starts" as const,
    text: `Worker ${worker} computes it${from}.`,
  };
  const of = { attempt, worker };
  return [
    { ...starts, ...of, ...present({ step: resumedStep }) },
    // That an attempt has succeeded is said by the end of its run.
    ...(endedAt === null || state === "SUCCEEDED"
      ? []
      : [
          {
            at: iso(endedAt),
            event: "stops" as const,
            text: stops[state] ?? state,
            ...of,
            ...present({ lostSteps, problem }),
          },
        ]),
  ];
}
