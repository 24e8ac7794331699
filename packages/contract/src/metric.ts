import { Type, type Static } from "typebox";
import { Timestamp } from "./id.ts";

/** (run, name, step) → value; the newest attempt wins. */
export const Metric = Type.Object({
  name: Type.String({ pattern: "^[a-z][a-z0-9_./-]{0,63}$" }),
  step: Type.Integer({ minimum: 0 }),
  value: Type.Union([Type.Number(), Type.Null()], { description: "null for NaN and infinities" }),
  attempt: Type.Integer({ minimum: 1 }),
  at: Timestamp,
});
export type Metric = Static<typeof Metric>;

/** What a worker reports; the store adds the attempt and the time. */
export type MetricPoint = { name: string; step: number; value: number };

export const LogLevel = Type.Enum(["debug", "info", "warn", "error"]);
export type LogLevel = Static<typeof LogLevel>;

export const LogLine = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  level: LogLevel,
  message: Type.String(),
});
export type LogLine = Static<typeof LogLine>;
