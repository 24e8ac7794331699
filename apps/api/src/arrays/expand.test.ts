import { newId } from "@espalier/contract";
import { expect, test } from "vitest";
import { expandArray } from "./expand.ts";

const train = (more: object) => ({
  kind: "train",
  model: newId("model"),
  datasetId: newId("dataset"),
  ...more,
});
const refused = (field: string, message: string) =>
  expect.objectContaining({
    code: "request/invalid",
    facts: expect.objectContaining({ field }) as object,
    message: expect.stringContaining(message) as string,
  }) as Error;

test("every run has its index where the spec says so, as a number or inside a text", () => {
  const spec = train({ settings: { seed: "{index}", steps: 5 }, name: "seed-{index}" });
  const { runs, atOnce } = expandArray({ array: "1-5:2%2", spec, class: "idle" });
  expect(atOnce).toBe(2);
  expect(runs).toEqual(
    [1, 3, 5].map((index) => ({
      spec: { ...spec, settings: { seed: index, steps: 5 }, name: `seed-${index}` },
      class: "idle",
    })),
  );
});

test("an array whose runs would all be the same, or one of whose runs is wrong, is refused", () => {
  expect(() => expandArray({ array: "0-1", spec: train({}) })).toThrow(refused("/spec", "write {index}"));
  const spec = train({ settings: { steps: "{index}" } });
  expect(() => expandArray({ array: "0-3", spec })).toThrow(refused("/spec/settings/steps", "index 0"));
});
