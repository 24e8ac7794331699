import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import { RunKind } from "../kinds/kinds.ts";
import { WorkerEvent } from "./worker.ts";

const { type, cause, reason, by } = WorkerEvent.properties;

/**
 * A time in which a run computed on a device, from `at` to `until`, or something that happened to the device or its worker. Of another
 * team's run only the time is told. Attempts are kept as long as their runs, events for 90 days.
 */
export const DeviceHistoryEntry = Type.Object({
  at: Timestamp,
  until: Type.Optional(
    Type.Unsafe<string>({ ...Timestamp, description: "of a run; absent: it computes now" }),
  ),
  event: Type.Optional(type),
  cause,
  reason,
  by,
  run: Type.Optional(
    Type.Object({
      own: Type.Boolean(),
      id: Type.Optional(idOf("run")),
      name: Type.Optional(Type.String()),
      kind: Type.Optional(RunKind),
      user: Type.Optional(Type.String()),
      attempt: Type.Optional(Type.Integer({ minimum: 1 })),
      state: Type.Optional(Type.String({ description: "of the attempt" })),
    }),
  ),
});
export type DeviceHistoryEntry = Static<typeof DeviceHistoryEntry>;
