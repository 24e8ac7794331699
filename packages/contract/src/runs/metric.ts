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
    description: "such as `loss`; of a dataset's score `stsb/spearman`",
  }),
  step: Type.Integer({ minimum: 0 }),
  value: Type.Union([Type.Number(), Type.Null()], { description: "null for NaN and infinities" }),
  attempt: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  sampled: Type.Optional(
    Type.Literal(true, {
      description:
        "this attempt is down-sampled: of a long series the first point, and least, greatest and last of 200 ranges of steps",
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
      Type.Boolean({ default: false, description: "only what no longer counts, of every attempt" }),
    ),
  },
  { additionalProperties: false },
);
export type MetricsQuery = Static<typeof MetricsQuery>;

/** What a worker reports; the store adds the attempt and the time. */
export type MetricPoint = { name: string; step: number; value: number };

/** From the least grave on. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export const LogLevel = Type.Enum(logLevels);
export type LogLevel = (typeof logLevels)[number];

/** Query of a run's log. */
export const LogsQuery = Type.Object(
  {
    ...PageQuery.properties,
    tail: Type.Optional(
      Type.Boolean({
        default: false,
        description: "the last lines, and not the first; `cursor` follows them",
      }),
    ),
    before: Type.Optional(
      Type.String({ maxLength: 256, description: "`earlier` of a page: the lines before it" }),
    ),
    level: Type.Optional(
      Type.Enum(["debug", "info", "warn", "error"], { description: "lines of this level and graver ones" }),
    ),
    q: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: "text in a line, in whatever case" }),
    ),
    attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    format: Type.Optional(Type.Enum(["json", "text"], { default: "json" })),
  },
  { additionalProperties: false },
);
export type LogsQuery = Partial<Static<typeof LogsQuery>>;

export const LogLine = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  at: Timestamp,
  level: LogLevel,
  message: Type.String(),
});
export type LogLine = Static<typeof LogLine>;

/** One page of a log; `earlier` leads to the lines before it, `cursor` to those after it. */
export const LogPage = Type.Object({
  items: Type.Array(LogLine),
  cursor: Type.Optional(Type.String()),
  earlier: Type.Optional(Type.String()),
});
export type LogPage = Static<typeof LogPage>;
