import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, minus, normal, plus, times, volume } from "./dim.ts";

const sizes = new Map([
  ["batch", 3],
  ["time", 5],
  ["negatives", 7],
]);
const dim = fc.oneof(
  fc.nat(9),
  fc.constantFrom("batch", "time", "2*batch", "time*batch", "batch+negatives", "batch*3*time+4"),
);

test("arithmetic on sizes agrees with arithmetic on their values", () => {
  fc.assert(
    fc.property(dim, dim, (a, b) => {
      const [x, y] = [evaluate(a, sizes), evaluate(b, sizes)];
      expect(evaluate(plus(a, b), sizes)).toBe(x + y);
      expect(evaluate(times(a, b), sizes)).toBe(x * y);
      expect(minus(plus(a, b), b)).toBe(normal(a));
    }),
  );
});

test("equal sizes have one spelling", () => {
  expect(normal("time * 2 * batch")).toBe("2*batch*time");
  expect(plus("negatives", "batch")).toBe("batch+negatives");
  expect(minus("2*batch+1", "batch+1")).toBe("batch");
  expect(minus("batch", "batch")).toBe(0);
  expect(volume(["batch", 3, "time", 4])).toBe("12*batch*time");
});

test("malformed sizes and unknown names are refused", () => {
  expect(() => normal("batch / 2")).toThrow(SyntaxError);
  expect(() => normal(1.5)).toThrow(RangeError);
  expect(() => evaluate("heads", sizes)).toThrow('no input fixes the size "heads"');
});
