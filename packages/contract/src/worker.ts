import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "./id.ts";

export const DeviceKind = Type.Enum(["cpu", "cuda", "webgpu"]);
export type DeviceKind = Static<typeof DeviceKind>;

/** One GPU, or the CPU, of a worker. Runs are queued per class of device. */
export const Device = Type.Object({
  id: idOf("device"),
  kind: DeviceKind,
  name: Type.String(),
  engine: Type.String({ description: "engine that computes on it, such as `onnx-cpu`" }),
  memoryBytes: Type.Integer({ minimum: 0 }),
  runId: Type.Optional(idOf("run")),
});
export type Device = Static<typeof Device>;

export const WorkerState = Type.Enum(["ACTIVE", "STOPPED", "LOST"]);
export type WorkerState = Static<typeof WorkerState>;

export const Worker = Type.Object({
  id: idOf("worker"),
  name: Type.String(),
  host: Type.String(),
  version: Type.String(),
  state: WorkerState,
  devices: Type.Array(Device),
  startedAt: Timestamp,
  lastSeenAt: Timestamp,
});
export type Worker = Static<typeof Worker>;
