import { expect, it } from "vitest";
import { Watchdog } from "./watchdog.ts";

/** A watchdog that has seen signs of progress this many seconds apart, and a clock. */
function after(...gaps: number[]) {
  let now = 0;
  const watchdog = new Watchdog(600, () => now);
  const pass = (seconds: number) => void (now += seconds * 1000);
  for (const gap of gaps) {
    pass(gap);
    watchdog.sign();
  }
  return { watchdog, pass };
}

it("takes ten minutes without a sign for a hang, however quick the steps were", () => {
  const { watchdog, pass } = after(0.1, 0.1, 0.1);
  pass(600);
  expect(watchdog.hungFor()).toBeUndefined();
  pass(1);
  expect(watchdog.hungFor()).toBe(601);
  watchdog.sign();
  expect(watchdog.hungFor()).toBeUndefined();
});

it("leaves slow steps twenty times their usual length", () => {
  const { watchdog, pass } = after(100, 110, 90, 1);
  pass(1900);
  expect(watchdog.hungFor()).toBeUndefined();
  pass(400);
  expect(watchdog.hungFor()).toBe(2300);
});
