import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

test("each failure in a row doubles the pause, up to the longest one", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 2000].map((failures) => backoff(failures, { first: 100, most: 2000 }));
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
});
