import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import { FailureClass } from "./failure.ts";
import { ProblemDocument } from "../problem.ts";

/**
 * How an attempt ended; RUNNING has not. LOST: its lease ran out. RETURNED: given back by its worker; PREEMPTED: asked to
 * make room for another run. Neither is charged. `lostSteps` says what has to be computed again.
 */
export const AttemptState = Type.Enum([
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "LOST",
  "RETURNED",
  "PREEMPTED",
]);
export type AttemptState = Static<typeof AttemptState>;

/** Why an attempt had to make room. */
export const Preempted = Type.Object({
  reason: Type.Enum(["higher-class", "reclaim", "request", "wall-time"], {
    description:
      "reclaim: its team held more than its quota; request: somebody asked; wall-time: its time was over, and it got more",
  }),
  forRunId: Type.Optional(Type.String({ description: "the run that got its devices, if it is your team's" })),
});
export type Preempted = Static<typeof Preempted>;

/** One execution of a run by one worker. `number` is the fencing token: writes of an older one are refused. */
export const Attempt = Type.Object({
  runId: idOf("run"),
  number: Type.Integer({ minimum: 1 }),
  state: AttemptState,
  workerId: idOf("worker"),
  worker: Type.Object({ name: Type.String(), host: Type.String() }),
  deviceId: Type.Optional(idOf("device")),
  resumedStep: Type.Optional(Type.Integer({ minimum: 0, description: "step that it went on from" })),
  checkpointStep: Type.Optional(Type.Integer({ minimum: 0, description: "last step saved by this attempt" })),
  lostSteps: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "steps reported after the last that was saved, where it ended without a result",
    }),
  ),
  problem: Type.Optional(ProblemDocument),
  preempted: Type.Optional(Preempted),
  failure: Type.Optional(FailureClass),
  startedAt: Timestamp,
  endedAt: Type.Optional(Timestamp),
});
export type Attempt = Static<typeof Attempt>;
