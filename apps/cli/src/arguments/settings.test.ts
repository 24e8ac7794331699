import { expect, test } from "vitest";
import { UsageError } from "../command.ts";
import { parseCount, parsePatch, parseSettings } from "./settings.ts";

test("settings are numbers where they look like numbers, and text otherwise", () => {
  expect(parseSettings(["steps=60", "learningRate=2e-4", "sampling=in-order"])).toEqual({
    steps: 60,
    learningRate: 0.0002,
    sampling: "in-order",
  });
});

test("a setting without a value is wrong usage", () => {
  expect(() => parseSettings(["steps"])).toThrow(UsageError);
});

test("a count is a whole number", () => {
  expect(parseCount("steps", "60")).toBe(60);
  expect(parseCount("steps", undefined)).toBeUndefined();
  for (const text of ["", "6.5", "many"])
    expect(() => parseCount("steps", text)).toThrow("--steps must be a whole number");
});

test("a patch is nested where names have dots, and null takes a field out", () => {
  expect(parsePatch(["name=b", "training.steps=60", "training.seed=null", "variants=[1,2]"])).toEqual({
    name: "b",
    training: { steps: 60, seed: null },
    variants: [1, 2],
  });
  expect(JSON.stringify(parsePatch(["__proto__.x=1"]))).toBe('{"__proto__":{"x":1}}');
});
