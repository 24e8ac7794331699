import { expect, test } from "vitest";
import { UsageError } from "../command.ts";
import { parseBytes, parseNeeds } from "./needs.ts";

test.each([
  ["12GB", 12e9],
  ["1.5 GiB", 1_610_612_736],
  ["7", 7],
  ["0.5mb", 500_000],
])("%s is %d bytes", (text, bytes) => expect(parseBytes("memory", text)).toBe(bytes));

test.each(["", "GB", "-1GB", "1 XB", "1e9"])("`%s` is no number of bytes", (text) => {
  expect(() => parseBytes("memory", text)).toThrow(UsageError);
});

test("only what was given is asked for", () => {
  expect(parseNeeds({})).toEqual({});
  expect(parseNeeds({ class: "idle", label: ["zone=a"], devices: "2", shares: true })).toEqual({
    class: "idle",
    needs: { devices: 2, labels: ["zone=a"], shares: true },
  });
});
