import { expect, test } from "vitest";
import { parseIndices } from "./array.ts";

test.each([
  ["0-3", [0, 1, 2, 3], undefined],
  ["0-9:4", [0, 4, 8], undefined],
  ["8-9,1,5,1", [1, 5, 8, 9], undefined],
  ["7", [7], undefined],
  ["0-499%25", Array.from({ length: 500 }, (_, i) => i), 25],
])("`%s` stands for its indices", (text, indices, atOnce) => {
  expect(parseIndices(text)).toEqual({ indices, ...(atOnce === undefined ? {} : { atOnce }) });
});

test.each([
  "",
  "a",
  "3-1",
  "0-9:0",
  "0-9%0",
  "0-9%",
  "-1",
  "0-500",
  "0-999999999",
  "1-2-3",
  "0-9%3%4",
  "1,,2",
])("`%s` is refused with what to write", (text) => {
  expect(() => parseIndices(text)).toThrow(
    expect.objectContaining({
      code: "request/invalid",
      facts: { field: "/array" },
      message: expect.stringContaining("such as 0-9") as string,
    }),
  );
});
