import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { PromotionRule, refusals } from "./promotion.ts";

const compared = { delta: -0.005, interval: [-0.023, 0.013] as [number, number], size: 0.8 };

describe("a rule of promotion", () => {
  it.each([
    ["Δ ≥ -0.5 and size ≤ 80 %", []],
    ["delta>=-0.5", []],
    ["Δ ≥ −0.5", []],
    ["size <= 80%", []],
    ["Δ ≥ -0.4", ["Δ is -0.50, below -0.4"]],
    ["Δ ≥ 0 and size ≤ 60.5 %", ["Δ is -0.50, below 0", "its size is 80.0 %, above 60.5 %"]],
    ["lower ≥ -2.3", []],
    ["lower ≥ -1 and size ≤ 100 %", ["the lower end of its interval is -2.30, below -1"]],
  ])("%s is read, and says what does not hold", (rule, reasons) => {
    expect(Value.Check(PromotionRule, rule)).toBe(true);
    expect(refusals(rule, compared)).toEqual(reasons);
  });

  it("holds at its limit, and not where a size is not known", () => {
    const { size: _size, ...unknown } = compared;
    expect(refusals("size ≤ 80 %", unknown)).toEqual(["its size is not known"]);
    expect(refusals("size ≤ 79.9 %", compared)).toEqual(["its size is 80.0 %, above 79.9 %"]);
  });

  it.each(["", "Δ ≤ -0.5", "size ≤ 0.8", "Δ ≥ -0.5, size ≤ 80 %", "Δ ≥ -0.5 %", "loss ≥ 1", "Δ ≥ x"])(
    "%j is none",
    (rule) => expect(Value.Check(PromotionRule, rule)).toBe(false),
  );
});
