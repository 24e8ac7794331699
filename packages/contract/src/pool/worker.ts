import { Type, type Static } from "typebox";
import { Device, HoldCause } from "./device.ts";
import { idOf, Timestamp } from "../id.ts";

export const WorkerState = Type.Enum(["ACTIVE", "STOPPED", "LOST"]);
export type WorkerState = Static<typeof WorkerState>;

/** The worker takes no new runs. A drain belongs to the name of the worker, so it survives a restart. */
const Drain = Type.Object({
  since: Timestamp,
  now: Type.Boolean({
    description: "its runs are saved and given back, not finished",
  }),
  doneAt: Type.Optional(Timestamp),
  reason: Type.Optional(Type.String({ description: "operators only" })),
  by: Type.Optional(Type.String({ description: "operators only" })),
});
type Drain = Static<typeof Drain>;

export const Worker = Type.Object({
  id: idOf("worker"),
  name: Type.String(),
  host: Type.String(),
  version: Type.String(),
  state: WorkerState,
  drain: Type.Optional(Drain),
  labels: Type.Record(Type.String(), Type.String()),
  devices: Type.Array(Device),
  startedAt: Timestamp,
  lastSeenAt: Timestamp,
  clockOffset: Type.Optional(
    Type.Number({ description: "seconds that its clock is ahead of the database's" }),
  ),
});
export type Worker = Static<typeof Worker>;

const Reason = Type.String({ minLength: 1, maxLength: 500 });

/** `POST /v1/workers/:workerId/drain` */
export const DrainCreate = Type.Object(
  { reason: Type.Optional(Reason), now: Type.Optional(Type.Boolean({ default: false })) },
  { additionalProperties: false },
);
export type DrainCreate = Static<typeof DrainCreate>;

/** `POST /v1/workers/:workerId/devices/:deviceId/cordon` */
export const CordonCreate = Type.Object({ reason: Type.Optional(Reason) }, { additionalProperties: false });
export type CordonCreate = Static<typeof CordonCreate>;

const WorkerEventType = Type.Enum([
  "registered",
  "stopped",
  "lost",
  "returned",
  "draining",
  "drained",
  "resumed",
  "held",
  "released",
]);
type WorkerEventType = Static<typeof WorkerEventType>;

/** Something happened to a worker, or to one of its devices. */
export const WorkerEvent = Type.Object({
  id: Type.String(),
  at: Timestamp,
  worker: Type.String({ description: "its name" }),
  type: WorkerEventType,
  device: Type.Optional(Type.String({ description: "address of the device" })),
  cause: Type.Optional(HoldCause),
  reason: Type.Optional(Type.String({ description: "operators only" })),
  by: Type.Optional(Type.String({ description: "a key, `worker` or `service`; operators only" })),
});
export type WorkerEvent = Static<typeof WorkerEvent>;
