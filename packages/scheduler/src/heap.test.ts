import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

test("gives items in order, however they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (given, pushed) => {
      const heap = new Heap<number>((a, b) => a < b, [...given]);
      for (const each of pushed) heap.push(each);
      const out = Array.from({ length: heap.size }, () => heap.pop());
      expect(out).toEqual([...given, ...pushed].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

test("settles when the first item has changed", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.nat(), (given, value) => {
      const items = given.map((key) => ({ key }));
      const heap = new Heap<{ key: number }>((a, b) => a.key < b.key, [...items]);
      heap.peek()!.key = value;
      heap.settle();
      const out = Array.from({ length: heap.size }, () => heap.pop()!.key);
      expect(out).toEqual(items.map(({ key }) => key).sort((a, b) => a - b));
    }),
  );
});
