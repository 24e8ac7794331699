import { describe, expect, it } from "vitest";
import type { Series } from "../run/series.ts";
import { axisOf } from "./axis.ts";

const series = (name: string, x: number[], y: number[]): Series => ({
  runId: "run_1",
  name,
  x,
  y,
  at: x.map((step) => 1_000_000 + 10_000 * step),
  discarded: false,
});
const loss = series("loss", [0, 1, 2, 3], [3, 2, 1, 1]);
const rate = series("tokens_per_second", [0, 2], [1_000, 4_000]);

describe("the axis of compared curves", () => {
  it("is the step", () => expect(axisOf("step", loss, rate)).toEqual([0, 1, 2, 3]));
  it("is the time since the first point, in minutes", () =>
    expect(axisOf("time", loss, rate)).toEqual([0, 1 / 6, 1 / 3, 1 / 2]));
  it("is the tokens by the rate of the time", () =>
    expect(axisOf("tokens", loss, rate)).toEqual([0, 0.01, 0.05, 0.09]));
  it("stays the step where no rate was measured", () =>
    expect(axisOf("tokens", loss, undefined)).toEqual([0, 1, 2, 3]));
});
