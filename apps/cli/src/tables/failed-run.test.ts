import { newId, Problem, type ProblemCode, type Run } from "@espalier/contract";
import { expect, test } from "vitest";
import { failedRunLines, reasonLines } from "./failed-run.ts";

const run = (state: Run["state"], code?: ProblemCode, detail = "It went wrong."): Run => ({
  id: newId("run"),
  kind: "train",
  state,
  spec: { kind: "train", model: newId("model"), datasetId: newId("dataset") },
  class: "normal",
  priority: 0,
  needs: {},
  dependsOn: [],
  attempt: 1,
  createdAt: new Date(0).toISOString(),
  ...(code && { problem: new Problem(code, detail).toDocument() }),
});

test("a reason is whole however long it is, with what can be done about it", () => {
  const detail = `The option ${"pooled=sequence ".repeat(20)}is missing.`;
  const lines = reasonLines(run("FAILED", "export/not-equal", detail), 80);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  const said = lines.map((line) => line.trim()).join(" ");
  expect(said).toContain(detail);
  expect(said).toMatch(/→ .*docs\/errors\.md\)$/);
});

test("of an experiment the runs that failed by themselves are told, and the others counted", () => {
  const root = run("FAILED", "training/diverged");
  const runs = [run("SUCCEEDED"), root, run("SKIPPED", "run/upstream-failed"), run("CANCELLED")];
  const lines = failedRunLines(runs, 80);
  expect(lines[0]).toBe(`train  ${root.id}  FAILED`);
  expect(lines.filter((line) => line.includes("training/diverged"))).toHaveLength(1);
  expect(lines.at(-1)).toBe("1 run that needed them did not start");
  expect(failedRunLines([run("SUCCEEDED")], 80)).toEqual([]);
});
