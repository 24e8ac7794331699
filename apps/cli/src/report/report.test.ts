import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { htmlReport } from "./html.ts";
import { markdownReport } from "./markdown.ts";
import type { ReportData } from "./report-data.ts";
import { linear } from "./svg.ts";
import { signed } from "./words.ts";

const shown = new URL("../../../../docs/experiments/demo/", import.meta.url);
const read = (name: string) => readFile(new URL(name, shown), "utf8");
const demo = JSON.parse(await read("report.json")) as ReportData;

describe("the report", () => {
  it("is the one that docs show of the demo's experiment", async () => {
    const files = { "report.md": markdownReport(demo), "report.html": htmlReport(demo) };
    for (const [name, text] of Object.entries(files)) {
      // The numbers stay those of the day; `ESPALIER_WRITE=1` writes the words around them anew.
      if (process.env["ESPALIER_WRITE"] === "1") await writeFile(new URL(name, shown), text);
      expect(text).toBe(await read(name));
    }
  });

  it("loads nothing and runs nothing, and has its figures", async () => {
    const page = htmlReport(demo);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|url\(|src=|href=|@import/i);
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(page).toContain("default-src 'none'");
  });

  it("makes no markup of names", () => {
    const name = '<img src=x onerror="alert(1)">|`*';
    const hostile = structuredClone(demo);
    hostile.name = name;
    hostile.variants[0]!.name = name;
    for (const compared of hostile.comparison.variants) compared.name = name;
    expect(htmlReport(hostile)).not.toContain("<img");
    expect(markdownReport(hostile)).not.toMatch(/(?<!\\)<img/);
    expect(markdownReport(hostile)).not.toContain("\n| <");
  });

  it("says what cannot be compared, and which conditions differ", () => {
    const partial = structuredClone(demo);
    const [first, ...rest] = partial.comparison.variants;
    first!.differences = [{ condition: "engine", baseline: "onnx-cpu", other: "tfjs" }];
    partial.comparison.variants = [first!];
    partial.comparison.left = rest.map(({ name, stage }) => ({ name, stage, why: "No units are stored." }));
    for (const text of [markdownReport(partial), htmlReport(partial)]) {
      expect(text).toContain("engine is tfjs, and onnx-cpu of the baseline");
      expect(text).toContain("is left out: No units are stored.");
    }
  });

  it("says of each trained variant whether it passes the rule of promotion", () => {
    const gated = structuredClone(demo);
    gated.spec.promote = "Δ ≥ -0.6 and size ≤ 80 %";
    for (const text of [markdownReport(gated), htmlReport(gated)]) {
      expect(text).toContain("Promotion when Δ ≥ -0.6 and size ≤ 80 %");
      expect(text).toContain("large: passes.");
      expect(text).toMatch(/small: Δ is -0\.\d\d, below -0\.6\./);
    }
  });

  it("is made of an experiment that has only begun", () => {
    const begun: ReportData = {
      ...demo,
      state: "RUNNING",
      searches: [],
      variants: [{ name: "none" }],
      comparison: { baseline: "none", margin: 0.005, variants: [], left: [] },
      runs: [],
    };
    expect(markdownReport(begun)).toContain("Nothing can be compared yet.");
    expect(htmlReport(begun)).not.toMatch(/<svg|NaN|undefined/);
  });
});

describe("a scale", () => {
  it.each([
    [
      [0.31, 0.62],
      [0.3, 0.4, 0.5, 0.6, 0.7],
    ],
    [
      [-3.2, 1.9],
      [-4, -3, -2, -1, 0, 1, 2],
    ],
    [
      [5, 5],
      [4.4, 4.6, 4.8, 5, 5.2, 5.4, 5.6],
    ],
  ])("of %j has round ends around them", (values, ticks) => {
    const scale = linear(values, 0, 100);
    expect(scale.ticks.map((tick) => Number(tick.toPrecision(6)))).toEqual(ticks);
    expect(scale.at(values[0]!)).toBeGreaterThanOrEqual(0);
    expect(scale.at(Math.max(...values))).toBeLessThanOrEqual(100);
  });
});

it("differences have their sign", () => {
  expect([signed(0.0123), signed(-0.0123), signed(0)]).toEqual(["+1.2", "−1.2", "+0.0"]);
});
