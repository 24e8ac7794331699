import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";
import { ConditionDifference } from "./conditions.ts";

const Interval = Type.Tuple([Type.Number(), Type.Number()]);
export type Interval = Static<typeof Interval>;

const difference = { delta: Type.Number(), interval: Interval };

/** `GET /v1/experiments/:id/comparison`. */
export const ComparisonQuery = Type.Object(
  {
    baseline: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "a variant; default: the experiment's, else `none`, else the first",
      }),
    ),
    margin: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.005,
        description: "loss that counts as none, as a score",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ComparisonQuery = Static<typeof ComparisonQuery>;

/** How a variant compares with the baseline. */
export const ComparedVariant = Type.Object({
  name: Type.String(),
  stage: Type.Enum(["before", "after"], { description: "its training" }),
  score: Type.Number({ description: "mean over datasets and seeds" }),
  seeds: Type.Integer({ description: "trainings that were compared, each with the baseline's of its seed" }),
  ...difference,
  inner: Type.Unsafe<Interval>({ ...Interval, description: "of 90 %, by which the verdict is made" }),
  verdict: Type.Enum(["equivalent", "no-loss", "loss", "undecided"]),
  resamples: Type.Integer(),
  datasets: Type.Array(
    Type.Object({ datasetId: idOf("dataset"), name: Type.String(), score: Type.Number(), ...difference }),
  ),
  size: Type.Optional(Type.Number({ description: "of its files, as a share of the baseline's" })),
  differences: Type.Array(ConditionDifference, {
    description: "conditions that it does not share with the baseline",
  }),
});
export type ComparedVariant = Static<typeof ComparedVariant>;

/** Variants against one of them, by the paired bootstrap over units and seeds. */
export const Comparison = Type.Object({
  baseline: Type.String(),
  margin: Type.Number(),
  variants: Type.Array(ComparedVariant),
  left: Type.Array(Type.Object({ name: Type.String(), stage: Type.String(), why: Type.String() }), {
    description: "what cannot be compared",
  }),
});
export type Comparison = Static<typeof Comparison>;
