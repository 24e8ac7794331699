import { Type, type Static } from "typebox";
import { Timestamp } from "./id.ts";
import { FailureClass } from "./failure.ts";
import { Progress, RunState } from "./run.ts";
import { WaitingReason } from "./waiting.ts";

const common = {
  id: Type.String({ description: "opaque, ordered; send it back as Last-Event-ID" }),
  at: Timestamp,
};

/** A run changed its state. */
export const RunStateEvent = Type.Object({
  ...common,
  type: Type.Literal("run.state"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  state: RunState,
  attempt: Type.Integer(),
  reason: Type.Optional(
    Type.String({ description: "one sentence, when the state alone does not explain itself" }),
  ),
  failure: Type.Optional(FailureClass),
});

/** A run moved on within its attempt. */
export const RunProgressEvent = Type.Object({
  ...common,
  type: Type.Literal("run.progress"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  attempt: Type.Integer(),
  progress: Progress,
});

/** Why a queued run waits has become another reason; its numbers change without an event. */
export const RunWaitingEvent = Type.Object({
  ...common,
  type: Type.Literal("run.waiting"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  reason: WaitingReason,
  position: Type.Optional(Type.Integer()),
});

export const Event = Type.Union([RunStateEvent, RunProgressEvent, RunWaitingEvent]);
export type Event = Static<typeof Event>;
