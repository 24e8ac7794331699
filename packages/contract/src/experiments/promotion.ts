import { Type, type Static } from "typebox";
import { idOf, Timestamp } from "../id.ts";
import type { Author } from "../teams/author.ts";
import type { ComparedVariant } from "./comparison.ts";

const number = String.raw`\d{1,3}(?:\.\d{1,6})?`;
const gate = String.raw`(?:(?:Δ|delta|lower) ?(?:≥|>=) ?[-−]?${number}|size ?(?:≤|<=) ?${number} ?%)`;

/** When a variant may be promoted: `Δ ≥ -0.5 and size ≤ 80 %`, in which `lower`, the lower end of the 95 % interval, may stand for Δ. */
export const PromotionRule = Type.String({
  maxLength: 128,
  pattern: `^${gate}(?: and ${gate})*$`,
  description: "such as `Δ ≥ -0.5 and size ≤ 80 %`, in points and of the baseline's size",
});

/** That a model passed the gate of an experiment. */
export const Promotion = Type.Object({
  experimentId: idOf("experiment"),
  variant: Type.String(),
  when: Type.String({ description: "the rule it passed" }),
  delta: Type.Number(),
  at: Timestamp,
  by: Type.Optional(Type.Unsafe<Author>({ type: "object" })),
});
export type Promotion = Static<typeof Promotion>;

/** `POST /v1/experiments/:id/promote`. */
export const PromotionRequest = Type.Object(
  {
    when: Type.Optional(Type.Unsafe<string>({ ...PromotionRule, description: "default: the experiment's" })),
    variant: Type.Optional(
      Type.String({ maxLength: 256, description: "default: the smallest of those that pass" }),
    ),
  },
  { additionalProperties: false },
);
export type PromotionRequest = Static<typeof PromotionRequest>;

/**
 * Why a variant does not pass a rule; empty where it does.
 * @param rule as `PromotionRule` has it; differences in points, which are hundredths of a score, and sizes in percent of the baseline's
 */
export const refusals = (
  rule: string,
  compared: Pick<ComparedVariant, "delta" | "interval" | "size">,
): string[] =>
  rule.split(" and ").flatMap((each) => {
    const [, measure, limit] = /^(\S+?) ?(?:≥|>=|≤|<=) ?(\S+?) ?%?$/.exec(each)!;
    const bound = Number(limit!.replace("−", "-"));
    if (measure === "size") {
      if (compared.size === undefined) return ["its size is not known"];
      const size = 100 * compared.size;
      return size <= bound + tolerance ? [] : [`its size is ${size.toFixed(1)} %, above ${bound} %`];
    }
    const points = 100 * (measure === "lower" ? compared.interval[0] : compared.delta);
    if (points >= bound - tolerance) return [];
    const name = measure === "lower" ? "the lower end of its interval" : "Δ";
    return [`${name} is ${points.toFixed(2)}, below ${bound}`];
  });

/** Of arithmetic: -0.5 points are -0.005 as a score. */
const tolerance = 1e-9;
