import { expect, test } from "vitest";
import { exitCodeOf, exitCodeOfRuns } from "./exit-code.ts";

test("problems end the process with their documented code", () => {
  expect(exitCodeOf("service/unavailable")).toBe(75);
  expect(exitCodeOf("resource/not-found")).toBe(5);
  expect(exitCodeOf("auth/required")).toBe(4);
  expect(exitCodeOf("dataset/malformed")).toBe(1);
});

test("one failed run outweighs the rest, and a cancelled one is no success", () => {
  expect(exitCodeOfRuns(["SUCCEEDED", "SUCCEEDED"])).toBe(0);
  expect(exitCodeOfRuns(["CANCELLED", "SKIPPED"])).toBe(3);
  expect(exitCodeOfRuns(["SUCCEEDED", "CANCELLED"])).toBe(2);
});
