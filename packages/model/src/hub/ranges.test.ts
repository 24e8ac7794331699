import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, coalesce, split, subtract, type Range } from "./ranges.ts";

const ranges = fc.array(
  fc.tuple(fc.nat(60), fc.nat(12)).map(([from, length]): Range => ({ from, to: from + length })),
  { maxLength: 12 },
);
const bytes = (list: readonly Range[]): Set<number> =>
  new Set(list.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));

test("coalesced ranges are the same bytes, sorted and apart", () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const merged = coalesce(list);
      expect(bytes(merged)).toEqual(bytes(list));
      expect(bytesOf(merged)).toBe(bytes(list).size);
      for (let i = 1; i < merged.length; i++) expect(merged[i]!.from).toBeGreaterThan(merged[i - 1]!.to);
    }),
  );
});

test("with a gap only what lies between two near ranges is added", () => {
  fc.assert(
    fc.property(ranges, fc.nat(8), (list, gap) => {
      const merged = coalesce(list, gap);
      const added = [...bytes(merged)].filter((byte) => !bytes(list).has(byte));
      for (const byte of added) {
        const before = Math.max(...[...bytes(list)].filter((each) => each < byte));
        const after = Math.min(...[...bytes(list)].filter((each) => each > byte));
        expect(after - before - 1).toBeLessThanOrEqual(gap);
      }
      for (let i = 1; i < merged.length; i++)
        expect(merged[i]!.from - merged[i - 1]!.to).toBeGreaterThan(gap);
    }),
  );
});

test("subtracting leaves exactly the bytes that the others do not have", () => {
  fc.assert(
    fc.property(ranges, ranges, (list, others) => {
      const left = subtract(list, others);
      expect([...bytes(left)].every((byte) => bytes(list).has(byte) && !bytes(others).has(byte))).toBe(true);
      expect(bytesOf(left)).toBe([...bytes(list)].filter((byte) => !bytes(others).has(byte)).length);
    }),
  );
});

test("pieces are the same bytes, none longer than asked for", () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 9 }), (list, most) => {
      const pieces = split(coalesce(list), most);
      expect(bytes(pieces)).toEqual(bytes(coalesce(list)));
      expect(pieces.every(({ from, to }) => to - from <= most && to > from)).toBe(true);
    }),
  );
});
