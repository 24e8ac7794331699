import { expect, test } from "vitest";
import { closest } from "./closest.ts";

const commands = ["run list", "run logs", "run show", "model list", "queue", "up"];

test.each([
  ["run lits", ["run list"]],
  ["qeue", ["queue"]],
  ["run lost", ["run list"]],
  ["ru show", ["run show"]],
  ["modle list", ["model list"]],
  ["nothing like it", []],
  ["pu", ["up"]],
])("of %j it says %j", (word, expected) => {
  expect(closest(word, commands)).toEqual(expected);
});
