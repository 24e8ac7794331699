import { Type, type Static } from "typebox";
import { ExperimentSpec } from "../experiments/experiment.ts";
import { idOf, Timestamp } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { RunCreate, RunRole, RunState } from "./run.ts";
import { ExpectedStart, Unblock, WaitingReason } from "./waiting.ts";

/** `POST /v1/plan`: what would become of a submission, of which nothing is written. One of the two. */
export const PlanRequest = Type.Object(
  { run: Type.Optional(RunCreate), experiment: Type.Optional(ExperimentSpec) },
  { additionalProperties: false },
);
export type PlanRequest = Static<typeof PlanRequest>;

const Seconds = Type.Number({ minimum: 0 });

/** A run as it would be, if it were submitted now and nothing else after it. */
export const PlannedRun = Type.Object({
  kind: RunKind,
  role: Type.Optional(RunRole),
  variant: Type.Optional(Type.String()),
  memoryBytes: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "on each device, margin included; absent where it is not known",
    }),
  ),
  devices: Type.Integer({ minimum: 1, description: "that it takes, all of one worker" }),
  fitting: Type.Integer({
    minimum: 0,
    description: "devices that take runs and on which it fits, in use or not",
  }),
  expectedStart: Type.Optional(
    Type.Unsafe<ExpectedStart>({ ...ExpectedStart, description: "absent: never, or it cannot be told" }),
  ),
  waiting: Type.Optional(
    Type.Object(
      {
        reason: WaitingReason,
        detail: Type.String({ description: "the reason as a sentence" }),
        position: Type.Optional(Type.Integer({ minimum: 1 })),
        unblockedBy: Type.Array(Unblock),
      },
      { description: "why it would not start at once" },
    ),
  ),
  makesRoom: Type.Optional(
    Type.Object(
      { runIds: Type.Array(Type.String()), others: Type.Optional(Type.Integer({ minimum: 1 })) },
      { description: "runs that would have to leave for it; of other teams their number" },
    ),
  ),
  duration: Type.Object(
    { earliest: Seconds, likely: Seconds, latest: Seconds },
    { description: "seconds: the tenth, fiftieth and ninetieth percentile" },
  ),
  basis: Type.Enum(["like-runs", "pace", "rate", "usual-pace", "nothing"], {
    description:
      "of the duration: runs like it; its work and the pace of others here; its work and a usual pace; nothing",
  }),
  deviceHours: Type.Number({ minimum: 0, description: "likely" }),
});
export type PlannedRun = Static<typeof PlannedRun>;

export const Plan = Type.Object({
  at: Type.Unsafe<string>({ ...Timestamp, description: "of the pool as it was planned for" }),
  runs: Type.Array(PlannedRun, { description: "each after those that it needs" }),
  start: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: "of the first run, likely" })),
  end: Type.Optional(
    Type.Unsafe<string>({
      ...Timestamp,
      description: "of the last run, likely; absent where one would never start",
    }),
  ),
  deviceHours: Type.Number({ minimum: 0, description: "of all runs, likely" }),
  reused: Type.Optional(
    Type.Array(
      Type.Object({
        runId: idOf("run"),
        state: RunState,
        role: Type.Optional(RunRole),
        variant: Type.Optional(Type.String()),
      }),
      { description: "runs of which the results are there, under way, or gone on with" },
    ),
  ),
});
export type Plan = Static<typeof Plan>;
