import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { ProblemDocument } from "../problem.ts";
import { Author } from "../teams/author.ts";
import { RunState } from "./run.ts";
import { Waiting } from "./waiting.ts";

/** What happened to a run. `waits` tells why a run waits, `stops` how an attempt has ended. */
const timelineEvents = [
  "submitted",
  "queued",
  "waits",
  "held",
  "released",
  "changed",
  "starts",
  "stops",
  "cancel-requested",
  "retried",
  "ended",
] as const;

/** One thing that happened to a run. The list of them is kept as long as the run, but for `waits`, which is kept as long as events. */
export const TimelineEntry = Type.Object({
  at: Timestamp,
  event: Type.Enum(timelineEvents),
  text: Type.String({ description: "one sentence" }),
  by: Type.Optional(Author),
  state: Type.Optional(Type.Unsafe<RunState>({ ...RunState, description: "of `ended`" })),
  attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  worker: Type.Optional(Type.String({ description: "its name" })),
  step: Type.Optional(Type.Integer({ minimum: 0, description: "from which an attempt goes on" })),
  lostSteps: Type.Optional(Type.Integer({ minimum: 0, description: "that are computed again" })),
  reason: Type.Optional(Waiting.properties.reason),
  problem: Type.Optional(ProblemDocument),
});
export type TimelineEntry = Static<typeof TimelineEntry>;
