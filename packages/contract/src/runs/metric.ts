import { Type, type Static } from "typebox";
import { PageQuery, Timestamp } from "../id.ts";

/** A dataset's name, its id and a score fit in. */
const longestMetricName = 200;

/**
 * (run, name, step) → value; the newest attempt wins. What an attempt measured past the checkpoint from which a later one
 * went on is discarded: it is listed only when it is asked for.
 */
export const Metric = Type.Object({
  name: Type.String({
    pattern: `^[A-Za-z0-9][A-Za-z0-9_./-]{0,${longestMetricName - 1}}$`,
    description:
      "what is measured, such as `loss`; a score of a dataset has its name before it: `stsb/spearman`",
  }),
  step: Type.Integer({ minimum: 0 }),
  value: Type.Union([Type.Number(), Type.Null()], { description: "null for NaN and infinities" }),
  attempt: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  sampled: Type.Optional(
    Type.Literal(true, {
      description:
        "the metrics of this attempt are down-sampled: of a long series the first point is kept, and the least, the greatest and the last of each of 200 ranges of steps",
    }),
  ),
});
export type Metric = Static<typeof Metric>;

/** Query of a run's metrics. Both `attempt` and `discarded`: what that attempt measured in vain. */
export const MetricsQuery = Type.Object(
  {
    ...PageQuery.properties,
    name: Type.Optional(Type.String({ maxLength: longestMetricName })),
    attempt: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "all that this attempt measured" }),
    ),
    discarded: Type.Optional(
      Type.Boolean({ default: false, description: "only what does not count any more, of every attempt" }),
    ),
  },
  { additionalProperties: false },
);
export type MetricsQuery = Static<typeof MetricsQuery>;

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
