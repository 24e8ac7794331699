import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { RunChange } from "../runs/change.ts";
import { FailureClass } from "../runs/failure.ts";
import { Progress, RunState } from "../runs/run.ts";
import { WaitingReason } from "../runs/waiting.ts";

const common = {
  id: Type.String({ description: "opaque, ordered; send it back as Last-Event-ID" }),
  at: Timestamp,
};

/** A run changed its state. */
const RunStateEvent = Type.Object({
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

/** How far an attempt has come. The event is not kept, so it has no id. A reader that was away asks for the run. */
export const RunProgressEvent = Type.Object({
  at: Timestamp,
  type: Type.Literal("run.progress"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  attempt: Type.Integer(),
  progress: Progress,
});
export type RunProgressEvent = Static<typeof RunProgressEvent>;

/** The reason why a queued run waits has changed. The numbers in a reason change without an event. */
const RunWaitingEvent = Type.Object({
  ...common,
  type: Type.Literal("run.waiting"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  reason: WaitingReason,
  position: Type.Optional(Type.Integer()),
});

/** Somebody held a run, released it, or changed what may change after the submission. */
const RunChangedEvent = Type.Object({
  ...common,
  type: Type.Literal("run.changed"),
  runId: Type.String(),
  experimentId: Type.Optional(Type.String()),
  action: Type.Enum(["hold", "release", "set"]),
  by: Type.String({ description: "the id of the key, and its name" }),
  change: Type.Optional(Type.Unsafe<RunChange>({ ...RunChange, description: "with `set`: what changed" })),
});

/** An event that is kept for a week and can be read again by its id. */
export const RecordedEvent = Type.Union([RunStateEvent, RunWaitingEvent, RunChangedEvent]);
export type RecordedEvent = Static<typeof RecordedEvent>;

export const Event = Type.Union([RecordedEvent, RunProgressEvent]);
export type Event = Static<typeof Event>;
