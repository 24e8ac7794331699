import { expect, test } from "vitest";
import { UsageError } from "../command.ts";
import { parseDuration } from "./duration.ts";

test.each([
  ["90", 90],
  ["90s", 90],
  ["30m", 1800],
  ["1h30m", 5400],
  ["2d", 172_800],
  ["1:30:00", 5400],
  ["05:30", 330],
])("%s is %d seconds", (text, seconds) => expect(parseDuration("wall-time", text)).toBe(seconds));

test.each(["", "h", "-1h", "1.5h", "1h x", "1:2:3"])("`%s` is no time", (text) => {
  expect(() => parseDuration("wall-time", text)).toThrow(UsageError);
});
