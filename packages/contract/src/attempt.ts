import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "./id.ts";
import { FailureClass } from "./failure.ts";
import { ProblemDocument } from "./problem.ts";

/** How an attempt ended; RUNNING has not. LOST: its lease ran out. RETURNED: given back, no attempt charged. */
export const AttemptState = Type.Enum(["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "LOST", "RETURNED"]);
export type AttemptState = Static<typeof AttemptState>;

/** One execution of a run by one worker. `number` is the fencing token: writes of an older one are refused. */
export const Attempt = Type.Object({
  runId: idOf("run"),
  number: Type.Integer({ minimum: 1 }),
  state: AttemptState,
  workerId: idOf("worker"),
  deviceId: Type.Optional(idOf("device")),
  resumedStep: Type.Optional(
    Type.Integer({ minimum: 0, description: "step of the checkpoint that it was given to go on from" }),
  ),
  checkpointStep: Type.Optional(Type.Integer({ minimum: 0, description: "last step saved by this attempt" })),
  problem: Type.Optional(ProblemDocument),
  failure: Type.Optional(FailureClass),
  startedAt: Timestamp,
  endedAt: Type.Optional(Timestamp),
});
export type Attempt = Static<typeof Attempt>;
