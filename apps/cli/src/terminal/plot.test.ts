import { expect, test } from "vitest";
import { formatPlot } from "./plot.ts";

const options = { marks: { 2: "small" }, xTitle: "layers kept", columns: 60, height: 5 };

test("a marked point and its mark stand in the same column", () => {
  const lines = formatPlot({ ...options, values: [5, 1, 3, 4] });
  const point = lines.find((line) => line.includes("●"));
  const mark = lines.find((line) => line.includes("▲"));
  expect(mark).toContain("small: 2");
  expect(point?.indexOf("●")).toBe(mark?.indexOf("▲"));
});

test("the highest value is on the first line and the lowest on the last of the grid", () => {
  const lines = formatPlot({ ...options, values: [5, 1, 3, 4] });
  expect(lines[0]).toMatch(/^ *5\.000 ┤.*•/);
  expect(lines[4]).toMatch(/^ *1\.000 ┤.*●/);
});

test("a line outside the values widens the range and carries its label", () => {
  const lines = formatPlot({ ...options, values: [5, 1], line: { value: 9, label: "chance" } });
  expect(lines[0]).toMatch(/9\.000 ┤┄+ chance$/);
});

test("values that are not finite leave gaps, and nothing finite says so", () => {
  expect(
    formatPlot({ ...options, values: [null, 1, null] })
      .join("\n")
      .match(/[•●]/g),
  ).toHaveLength(1);
  expect(formatPlot({ ...options, values: [null] })).toEqual(["(no finite value)"]);
});

test("many depths fit a narrow terminal", () => {
  const values = Array.from({ length: 60 }, (_, i) => i);
  for (const line of formatPlot({ ...options, values, columns: 80 })) expect(line.length).toBeLessThan(90);
});
