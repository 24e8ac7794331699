import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";
import { Metric } from "./metric.ts";

/** `GET /v1/series`: metrics of several runs, small enough to be drawn however long the runs are. */
export const SeriesQuery = Type.Object(
  {
    runId: Type.Array(idOf("run"), { minItems: 1, maxItems: 10 }),
    name: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 20,
      description: "of metrics, such as `loss`",
    }),
    points: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 2000,
        default: 500,
        description: "ranges of steps of a series, about; at most twice as many",
      }),
    ),
    since: Type.Optional(
      Type.String({
        maxLength: 4096,
        pattern: "^[0-9a-z.-]*$",
        description: "`cursor` of the last answer: only what has changed since",
      }),
    ),
    discarded: Type.Optional(
      Type.Boolean({
        default: false,
        description: "also what no longer counts, as series of its own",
      }),
    ),
  },
  { additionalProperties: false },
);
export type SeriesQuery = Static<typeof SeriesQuery>;
export type SeriesRequest = Partial<SeriesQuery> & Pick<SeriesQuery, "runId" | "name">;

const Values = (description: string) => Type.Array(Metric.properties.value, { description });

/** What a run measured under one name, range by range; all lists are equally long, and in the order of steps. */
export const Series = Type.Object({
  runId: idOf("run"),
  name: Type.String(),
  discarded: Type.Optional(Type.Literal(true)),
  from: Type.Integer({
    minimum: 0,
    description: "replaces what an earlier answer has from this step on",
  }),
  step: Type.Array(Type.Integer(), { description: "the first step that was measured in each range" }),
  at: Type.Array(Type.Integer(), { description: "when, in milliseconds since 1970" }),
  count: Type.Array(Type.Integer(), { description: "points in it; 1: the three values are the point's" }),
  mean: Values("null where no value is finite"),
  least: Values("as `mean`"),
  greatest: Values("as `mean`"),
});
export type Series = Static<typeof Series>;

export const SeriesAnswer = Type.Object({
  width: Type.Integer({
    minimum: 1,
    description: "steps of a range, a power of two; where it changed, all series are given anew",
  }),
  items: Type.Array(Series, {
    description: "in the order of the question; without those that have no points",
  }),
  cursor: Type.String({ description: "for `since`" }),
});
export type SeriesAnswer = Static<typeof SeriesAnswer>;
