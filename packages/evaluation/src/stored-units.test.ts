import { describe, expect, it } from "vitest";
import { spearman } from "./correlation.ts";
import { formatUnits, parseUnits } from "./stored-units.ts";

const units = {
  datasetId: "dst_1",
  task: "sts",
  statistic: "spearman",
  values: Float64Array.of(0.1, 1 / 3, -0, 1e-300, 0.7),
  gold: Float64Array.of(1, 2, 3, 4, 5),
} as const;

describe("stored units", () => {
  it("come back to the last bit", () => {
    const read = parseUnits(formatUnits(units));
    expect(read).toEqual(units);
    expect(Object.is(read.values[2], -0)).toBe(true);
    expect(spearman(read.values, read.gold!)).toBe(spearman(units.values, units.gold));
  });

  it("say for which depth they are, and have no gold values where the score is a mean", () => {
    const mean = { datasetId: "dst_1", task: "retrieval", statistic: "mean", layers: 12 } as const;
    const read = parseUnits(formatUnits({ ...mean, values: Float64Array.of(0.5) }));
    expect(read).toEqual({ ...mean, values: Float64Array.of(0.5) });
  });

  it("take no more than 22 bytes a value", () => {
    const values = new Float64Array(1000).fill(1 / 3);
    expect(formatUnits({ ...units, values, gold: values }).length).toBeLessThan(2 * 11 * 1000);
  });

  it("are refused when a line was cut or changed", () => {
    const line = formatUnits(units);
    expect(() => parseUnits(line.slice(0, -40))).toThrow(/JSON/);
    expect(() => parseUnits(line.replace('"units":5', '"units":6'))).toThrow("other values than it says");
  });
});
