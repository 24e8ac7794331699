import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import { RunKind, RunResult, RunSpec, SubmittedSpec } from "../kinds/kinds.ts";
import { Problem, ProblemDocument } from "../problem.ts";
import { RunHold } from "./change.ts";
import { Author, CreatedBy } from "../teams/author.ts";
import { FailureClass } from "./failure.ts";
import { RunLabels } from "./label.ts";
import { Limits } from "./limits.ts";
import { Needs, PriorityClass } from "./scheduling.ts";
import { Waiting } from "./waiting.ts";

/**
 * - WAITING: runs it depends on have not succeeded yet; one that takes over another's result is SUCCEEDED with it
 * - QUEUED: ready; the scheduler orders these
 * - DISPATCHED: has devices of one worker, which is told and may claim it
 * - RUNNING: a worker holds its lease
 * - SUCCEEDED, FAILED, CANCELLED, SKIPPED (a dependency did not succeed), QUARANTINED (it crashes whatever computes it):
 *   terminal
 */
export const runStates = [
  "WAITING",
  "QUEUED",
  "DISPATCHED",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "SKIPPED",
  "QUARANTINED",
] as const;
export const RunState = Type.Enum(runStates);
export type RunState = (typeof runStates)[number];

/** Exits of every state. Those that are terminal leave only by an explicit retry. */
export const runMoves = {
  WAITING: ["QUEUED", "SUCCEEDED", "CANCELLED", "SKIPPED"],
  QUEUED: ["DISPATCHED", "CANCELLED"],
  DISPATCHED: ["RUNNING", "QUEUED", "CANCELLED"],
  RUNNING: ["SUCCEEDED", "FAILED", "CANCELLED", "QUEUED", "QUARANTINED"],
  SUCCEEDED: [],
  FAILED: ["WAITING", "QUEUED"],
  CANCELLED: ["WAITING", "QUEUED"],
  SKIPPED: ["WAITING", "QUEUED"],
  QUARANTINED: ["WAITING", "QUEUED"],
} as const satisfies Record<RunState, readonly RunState[]>;

/** Terminal states of a run that has no result. */
export const unsuccessfulStates = ["FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"] as const;

export const isUnsuccessful = (state: RunState): boolean =>
  (unsuccessfulStates as readonly RunState[]).includes(state);

export const isTerminal = (state: RunState): boolean => state === "SUCCEEDED" || isUnsuccessful(state);

/** States from which a run may move to `to`; what a compare-and-set update lists. */
export const statesBefore = (to: RunState): RunState[] =>
  runStates.filter((from) => (runMoves[from] as readonly RunState[]).includes(to));

/** Throws `run/illegal-move` unless the state machine allows the move. */
export function assertMove(from: RunState, to: RunState): void {
  if ((runMoves[from] as readonly RunState[]).includes(to)) return;
  throw new Problem("run/illegal-move", `A run that is ${from} cannot become ${to}.`);
}

/** What a run of an experiment is for: `before` and `after` measure a variant before and after its training. */
export const runRoles = ["search", "prune", "before", "train", "after"] as const;
export const RunRole = Type.Enum(runRoles, { description: "what a run of an experiment is for" });
export type RunRole = (typeof runRoles)[number];

/** Where an attempt stands. `done` and `total` count `unit`s of the current phase. */
export const Progress = Type.Object({
  phase: Type.String(),
  done: Type.Number({ minimum: 0 }),
  total: Type.Number({ minimum: 0 }),
  unit: Type.String(),
});
export type Progress = Static<typeof Progress>;

export const Run = Type.Object({
  id: idOf("run"),
  kind: RunKind,
  state: RunState,
  ...RunLabels,
  spec: RunSpec,
  resolved: Type.Optional(
    Type.Unsafe<RunSpec>({
      ...RunSpec,
      description: "the spec with the defaults of its submission; absent for runs of earlier versions",
    }),
  ),
  class: PriorityClass,
  priority: Type.Integer({ description: "higher first among the runs of one user; default 0" }),
  needs: Needs,
  limits: Type.Optional(Limits),
  predictedBytes: Type.Optional(
    Type.Integer({ minimum: 0, description: "expected peak on each device, before the margin" }),
  ),
  waiting: Type.Optional(
    Type.Unsafe<Waiting>({ ...Waiting, description: "why it has not started; while it waits" }),
  ),
  held: Type.Optional(
    Type.Unsafe<RunHold>({
      ...RunHold,
      description: "who holds it until it is released",
    }),
  ),
  dependsOn: Type.Array(idOf("run")),
  experimentId: Type.Optional(idOf("experiment")),
  array: Type.Optional(
    Type.Object(
      { id: idOf("array"), index: Type.Integer({ minimum: 0 }) },
      { description: "the array that it is a run of" },
    ),
  ),
  variant: Type.Optional(Type.String()),
  role: Type.Optional(RunRole),
  attempt: Type.Integer({ minimum: 0, description: "0 until first claimed" }),
  progress: Type.Optional(Progress),
  expectedEnd: Type.Optional(
    Type.Unsafe<string>({
      ...Timestamp,
      description: "by its own speed while it computes, else by runs like it",
    }),
  ),
  result: Type.Optional(RunResult),
  problem: Type.Optional(ProblemDocument),
  failure: Type.Optional(FailureClass),
  cancelRequestedAt: Type.Optional(Timestamp),
  cancelledBy: Type.Optional(Type.Unsafe<Author>({ ...Author, description: "who asked for its end" })),
  workerId: Type.Optional(idOf("worker")),
  worker: Type.Optional(
    Type.Object(
      { name: Type.String(), host: Type.String() },
      { description: "of `workerId`: it has the run, or had it last" },
    ),
  ),
  createdAt: Timestamp,
  createdBy: CreatedBy,
  clonedFrom: Type.Optional(
    Type.Unsafe<string>({
      ...idOf("run"),
      description: "the run that it repeats; perhaps deleted since",
    }),
  ),
  reusedFrom: Type.Optional(
    Type.Unsafe<string>({ ...idOf("run"), description: "the run whose result it took over; may be deleted" }),
  ),
  queuedAt: Type.Optional(Timestamp),
  startedAt: Type.Optional(Timestamp),
  endedAt: Type.Optional(Timestamp),
});
export type Run = Static<typeof Run>;

const closed = { additionalProperties: false } as const;

/** `POST /v1/runs`. */
export const RunCreate = Type.Object(
  {
    spec: SubmittedSpec,
    ...RunLabels,
    class: Type.Optional(PriorityClass),
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000, default: 0 })),
    needs: Type.Optional(Needs),
    limits: Type.Optional(Limits),
    dependsOn: Type.Optional(
      Type.Array(idOf("run"), {
        maxItems: 64,
        description: "runs that must succeed first, beside those of the spec",
      }),
    ),
  },
  closed,
);
export type RunCreate = Static<typeof RunCreate>;
