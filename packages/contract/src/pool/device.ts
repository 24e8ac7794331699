import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import { EngineRate } from "./engine.ts";

export const DeviceKind = Type.Enum(["cpu", "cuda", "webgpu"]);
export type DeviceKind = Static<typeof DeviceKind>;

/**
 * Why a device takes no new run. `returns`: the hold ends by itself when its cause has ended; other holds stay until an
 * operator uncordons the device. A team sees only the `title`. Operators also see the reason, which may name other people's
 * programs, and the `action`: what to do about it.
 */
export const holdCauses = {
  cordon: {
    returns: false,
    title: "An operator has cordoned it",
    action: "Uncordon it when it may take runs again (`espalier worker uncordon`).",
  },
  "foreign-process": {
    returns: true,
    title: "A program that is not of the pool computes on it",
    action: "End that program, or let it end; the device returns by itself.",
  },
  "low-memory": {
    returns: true,
    title: "Too little of its memory is free",
    action: "Find out what holds its memory (`nvidia-smi`) and end it; the device returns by itself.",
  },
  "not-answering": {
    returns: true,
    title: "Its driver gives no usable answer",
    action: "Run `nvidia-smi` on its host; load the driver again or restart the host if it hangs.",
  },
  "memory-error": {
    returns: false,
    title: "Its memory had errors that could not be corrected",
    action: "Reset or replace the card, then uncordon it (`espalier worker uncordon`).",
  },
  "device-error": {
    returns: false,
    title: "Its driver reports a fault",
    action: "Reset or replace the card, then uncordon it (`espalier worker uncordon`).",
  },
  "data-folder": {
    returns: true,
    title: "Its worker does not reach the pool's data folder",
    action: "Mount the pool's volume at ESPALIER_DATA on its host; the device returns by itself.",
  },
  "data-full": {
    returns: true,
    title: "The volume of the pool's data folder is full",
    action: "Delete what nobody needs (`espalier gc`), or enlarge the volume; the device returns by itself.",
  },
  "scratch-full": {
    returns: true,
    title: "The disk of its worker's scratch folder is full",
    action:
      "Free space on its host, or let ESPALIER_SCRATCH name another disk; the device returns by itself.",
  },
  "no-engine": {
    returns: true,
    title: "No installed engine computes on it",
    action: "Install one on its host by the command that the reason names, and start the worker again.",
  },
  vanished: {
    returns: false,
    title: "It is gone from its host",
    action: "Look at the card and its driver; start the worker again, or uncordon it when it is back.",
  },
  /** Its worker tests it again and again, and ends the hold when a test passes. */
  failures: {
    returns: false,
    title: "Runs failed on it, one after another",
    action:
      "Its worker tests it and ends the hold when a test passes; if none does, mend it and uncordon it.",
  },
} as const satisfies Record<string, { returns: boolean; title: string; action: string }>;
export type HoldCause = keyof typeof holdCauses;
export const HoldCause = Type.Unsafe<HoldCause>({ type: "string", enum: Object.keys(holdCauses) });

export const Hold = Type.Object({
  cause: HoldCause,
  since: Timestamp,
  reason: Type.String({ description: "for a team's key: the cause in words" }),
  by: Type.Optional(Type.String({ description: "the key, or `worker`; operators only" })),
});
export type Hold = Static<typeof Hold>;

/** The last measurement of a device by its host. What cannot be measured is absent. */
export const Measurement = Type.Object({
  freeBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  utilization: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: "percent" })),
  temperature: Type.Optional(Type.Number({ description: "degrees Celsius" })),
});
export type Measurement = Static<typeof Measurement>;

/** A GPU of a worker, a partition of one (MIG), or its CPU. */
export const Device = Type.Object({
  id: idOf("device"),
  address: Type.String({
    description: "how its host numbers it now: `cpu`, `cuda:0`, `cuda:0:1`, `vulkan:0`",
  }),
  identity: Type.String({ description: "what it is called across restarts, such as `cuda:GPU-…`" }),
  kind: DeviceKind,
  name: Type.String(),
  engine: Type.String({
    description:
      "engine that computes on it, such as `onnx-cpu`; `none`: none is installed, so it takes no runs",
  }),
  rates: Type.Optional(Type.Array(EngineRate, { description: "what runs may ask for" })),
  memoryBytes: Type.Integer({ minimum: 0, description: "0: unknown" }),
  driver: Type.Optional(Type.String()),
  software: Type.Boolean({ description: "a GPU that the processor emulates" }),
  holds: Type.Array(Hold, { description: "why it takes no new run; none: it may" }),
  busy: Type.Boolean(),
  runIds: Type.Array(idOf("run"), { description: "that compute on it; for a team's key only its own" }),
  measured: Type.Optional(Measurement),
});
export type Device = Static<typeof Device>;
