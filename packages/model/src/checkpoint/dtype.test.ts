import fc from "fast-check";
import { expect, test } from "vitest";
import { narrow, widen } from "./dtype.ts";

const float = (...values: number[]) => new Float32Array(values);

test("every binary16 and bf16 value survives widening and narrowing", () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const bytes = new Uint8Array(bits.buffer);
  for (const dtype of ["F16", "BF16"] as const) {
    const back = new Uint16Array(narrow(widen(bytes, dtype), dtype).buffer);
    const isNaN16 = (word: number) => (dtype === "F16" ? (word & 0x7fff) > 0x7c00 : (word & 0x7fff) > 0x7f80);
    const changed = [...bits].filter((word, i) => (isNaN16(word) ? !isNaN16(back[i]!) : back[i] !== word));
    expect(changed).toEqual([]);
  }
});

test("narrowing rounds to the nearest, ties to even, and overflows to infinity", () => {
  const bf16 = (value: number) => widen(narrow(float(value), "BF16"), "BF16")[0];
  expect([bf16(1 + 2 ** -8), bf16(1 + 3 * 2 ** -8), bf16(1 + 2 ** -8 + 2 ** -20)]).toEqual([
    1,
    1 + 2 ** -6,
    1 + 2 ** -7,
  ]);
  expect(bf16(3.4e38)).toBe(Number.POSITIVE_INFINITY);
  const half = (value: number) => widen(narrow(float(value), "F16"), "F16")[0];
  expect([half(1 + 2 ** -11), half(1 + 3 * 2 ** -11), half(65_519), half(65_520), half(-7e9)]).toEqual([
    1,
    1 + 2 ** -9,
    65_504,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
  expect([half(2 ** -24), half(2 ** -25), half(3 * 2 ** -25), half(2 ** -14 - 2 ** -26)]).toEqual([
    2 ** -24,
    0,
    2 ** -23,
    2 ** -14,
  ]);
});

test("narrowing never moves a value by more than half a unit of the narrow dtype", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -60_000, max: 60_000 }), (value) => {
      const near = (dtype: "F16" | "BF16", unit: number, least: number) =>
        Math.abs(widen(narrow(float(value), dtype), dtype)[0]! - value) <=
        Math.max(Math.abs(value) * unit, least);
      return near("F16", 2 ** -11, 2 ** -25) && near("BF16", 2 ** -8, 2 ** -134);
    }),
    { numRuns: 2000 },
  );
});

test("bytes at odd offsets widen like aligned ones", () => {
  const shifted = new Uint8Array(13);
  shifted.set(narrow(float(1.5, -2, 0.25), "F32"), 1);
  expect(widen(shifted.subarray(1), "F32")).toEqual(float(1.5, -2, 0.25));
  expect(widen(shifted.subarray(3, 5), "BF16")).toEqual(float(1.5));
});
