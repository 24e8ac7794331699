import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";
import { ConditionDifference } from "./conditions.ts";

/** Limits between which a difference lies. */
export type Interval = [number, number];
const Interval = Type.Unsafe<Interval>({ type: "array", items: { type: "number" } });

const difference = { delta: Type.Number(), interval: Interval };

/** Loss that counts as none: half a point. */
export const usualMargin = 0.005;

/** `GET /v1/experiments/:id/comparison`. */
export const ComparisonQuery = Type.Object(
  {
    baseline: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "a variant; default: the experiment's",
      }),
    ),
    margin: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        default: usualMargin,
      }),
    ),
  },
  { additionalProperties: false },
);
export type ComparisonQuery = Static<typeof ComparisonQuery>;

/** How a variant compares with the baseline. */
export const ComparedVariant = Type.Object({
  name: Type.String(),
  stage: Type.Enum(["before", "after"], { description: "of training" }),
  score: Type.Number({ description: "mean over datasets and seeds" }),
  seeds: Type.Integer({ description: "trainings, each against the baseline's of its seed" }),
  ...difference,
  inner: Type.Unsafe<Interval>({ ...Interval, description: "of 90 %, for the verdict" }),
  verdict: Type.Enum(["equivalent", "no-loss", "loss", "undecided"]),
  resamples: Type.Integer(),
  datasets: Type.Array(
    Type.Object({ datasetId: idOf("dataset"), name: Type.String(), score: Type.Number(), ...difference }),
  ),
  size: Type.Optional(Type.Number({ description: "of its files, as a share of the baseline's" })),
  differences: Type.Array(ConditionDifference),
});
export type ComparedVariant = Static<typeof ComparedVariant>;

/** Variants against one of them, by the paired bootstrap over units and seeds; `left`: what cannot be compared. */
export const Comparison = Type.Object({
  baseline: Type.String(),
  margin: Type.Number(),
  variants: Type.Array(ComparedVariant),
  left: Type.Array(Type.Object({ name: Type.String(), stage: Type.String(), why: Type.String() })),
});
export type Comparison = Static<typeof Comparison>;
