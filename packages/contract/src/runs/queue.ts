import { Type, type Static } from "typebox";
import { idOf, PageQuery, Timestamp } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { Progress, RunState } from "./run.ts";
import { PriorityClass } from "./scheduling.ts";
import { Waiting } from "./waiting.ts";

/** A run of the same team for whose end another one waits, or that waits for another one. */
const Blocker = Type.Object({
  runId: idOf("run"),
  kind: RunKind,
  state: RunState,
  name: Type.Optional(Type.String()),
  variant: Type.Optional(Type.String()),
  progress: Type.Optional(Progress),
  expectedEnd: Type.Optional(Timestamp),
});
export type Blocker = Static<typeof Blocker>;

/** A run that waits for devices. Of other teams' runs only place, class and age are told. */
export const QueueEntry = Type.Object({
  position: Type.Optional(
    Type.Integer({ minimum: 1, description: "absent where it lacks more than its turn" }),
  ),
  class: PriorityClass,
  own: Type.Boolean({ description: "of your team" }),
  runId: Type.Optional(idOf("run")),
  name: Type.Optional(Type.String({ description: "its name, else that of what it makes" })),
  priority: Type.Optional(Type.Integer({ description: "higher first among the runs of one user" })),
  kind: Type.Optional(RunKind),
  state: Type.Optional(RunState),
  variant: Type.Optional(Type.String()),
  experimentId: Type.Optional(idOf("experiment")),
  experiment: Type.Optional(Type.String({ description: "its name" })),
  model: Type.Optional(Type.String({ description: "name of the model that it is about" })),
  user: Type.Optional(Type.String({ description: "whose it is" })),
  blockers: Type.Optional(Type.Array(Blocker, { description: "your team's runs that it waits for" })),
  dependents: Type.Optional(Type.Array(Blocker, { description: "at most 20 runs that need its result" })),
  queuedAt: Timestamp,
  waiting: Type.Optional(Waiting),
});
export type QueueEntry = Static<typeof QueueEntry>;

/** `GET /v1/queue`: in the order in which runs would start; those without a place last. */
export const QueueQuery = Type.Object(
  { ...PageQuery.properties, own: Type.Optional(Type.Boolean({ description: "only your team's runs" })) },
  { additionalProperties: false },
);
export type QueueQuery = Static<typeof QueueQuery>;

/** One page of the queue, and all of it in numbers. */
export const QueuePage = Type.Object({
  items: Type.Array(QueueEntry),
  cursor: Type.Optional(Type.String()),
  total: Type.Integer({ description: "runs that wait for devices, of all teams" }),
  own: Type.Integer({ description: "of your team" }),
});
export type QueuePage = Static<typeof QueuePage>;
