import fc from "fast-check";
import { expect, test } from "vitest";
import { accrued, decayed } from "./usage.ts";

const HALF_LIFE = 1_000_000;

test("halves with every half-life", () => {
  const usage = { deviceSeconds: 80, at: 0 };
  expect([0, 1, 2, 3].map((n) => decayed(usage, n * HALF_LIFE, HALF_LIFE))).toEqual([80, 40, 20, 10]);
  expect(decayed(usage, -5, HALF_LIFE)).toBe(80);
});

test("grows by almost the device seconds held over a short time, and never above the bound of a long one", () => {
  expect(accrued({ deviceSeconds: 0, at: 0 }, 2, 1_000, HALF_LIFE).deviceSeconds).toBeCloseTo(2, 2);
  const bound = (2 * HALF_LIFE) / 1000 / Math.LN2;
  expect(accrued({ deviceSeconds: 0, at: 0 }, 2, 99 * HALF_LIFE, HALF_LIFE).deviceSeconds).toBeCloseTo(
    bound,
    6,
  );
});

test("is the same in one step as in many", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(HALF_LIFE), { maxLength: 8 }),
      fc.nat(100),
      fc.nat(8),
      (steps, start, units) => {
        let usage = { deviceSeconds: start, at: 0 };
        for (const step of steps) usage = accrued(usage, units, usage.at + step, HALF_LIFE);
        const once = accrued({ deviceSeconds: start, at: 0 }, units, usage.at, HALF_LIFE);
        expect(usage.deviceSeconds).toBeCloseTo(once.deviceSeconds, 6);
      },
    ),
  );
});
