import type { Triplet } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import { Batches } from "./batches.ts";

const example = (i: number, task?: string): Triplet => ({
  query: `query ${i}`,
  positive: `positive ${i}`,
  negatives: [`negative ${i}`],
  ...(task && { task }),
});

const rows = (count: number, task?: string) => Array.from({ length: count }, (_, i) => example(i, task));

describe("Batches", () => {
  it("holds one task in each batch, each example at most once in an epoch", () => {
    const triplets = [...rows(10, "a"), ...rows(7, "b"), ...rows(2, "c")];
    const batches = Batches.start(triplets, 3, 1);
    expect(batches.perEpoch).toBe(3 + 2);
    const epoch = Array.from({ length: batches.perEpoch }, () => batches.next());
    for (const batch of epoch) {
      expect(batch).toHaveLength(3);
      expect(new Set(batch.map(({ task }) => task)).size).toBe(1);
    }
    expect(new Set(epoch.flat()).size).toBe(15);
    expect(batches.position).toMatchObject({ epoch: 1, batch: 0 });
  });

  it("shuffles each epoch in another order, and in the same one from the same seed", () => {
    const order = (seed: number) => {
      const batches = Batches.start(rows(20), 4, seed);
      return Array.from({ length: 15 }, () => batches.next().map(({ query }) => query));
    };
    const once = order(1);
    expect(order(1)).toEqual(once);
    expect(order(2)).not.toEqual(once);
    expect(once.slice(0, 5)).not.toEqual(once.slice(5, 10));
  });

  it("continues from any position as if it had never stopped", () => {
    const triplets = rows(23);
    const whole = Batches.start(triplets, 4, 9);
    for (let taken = 0; taken < 12; taken++) {
      const resumed = Batches.resume(triplets, 4, whole.position);
      expect(resumed.perEpoch).toBe(whole.perEpoch);
      const copy = Batches.resume(triplets, 4, whole.position);
      expect([copy.next(), copy.next()]).toEqual([resumed.next(), resumed.next()]);
      expect(Batches.resume(triplets, 4, whole.position).next()).toEqual(whole.next());
    }
  });

  it("keeps examples apart whose texts would be each other's false negatives", () => {
    const triplets = rows(40).map((triplet, i) =>
      i < 8
        ? { ...triplet, query: "the same query" }
        : i < 16
          ? { ...triplet, positive: "the same" }
          : triplet,
    );
    const batches = Batches.start(triplets, 4, 3);
    for (let i = 0; i < batches.perEpoch; i++) {
      const batch = batches.next();
      expect(new Set(batch.map(({ query }) => query)).size).toBe(4);
      expect(new Set(batch.map(({ positive }) => positive)).size).toBe(4);
    }
  });

  it("fills its batches all the same when every text is alike", () => {
    const same = rows(9).map((triplet) => ({ ...triplet, query: "q", positive: "p" }));
    const batches = Batches.start(same, 4, 3);
    expect(batches.perEpoch).toBe(2);
    expect([batches.next(), batches.next()].map((batch) => batch.length)).toEqual([4, 4]);
  });

  it("refuses a batch that is larger than the dataset, or than its largest task", () => {
    expect(() => Batches.start(rows(7), 8, 1)).toThrow(/the dataset has 7/);
    expect(() => Batches.start([...rows(7, "a"), ...rows(3, "b")], 8, 1)).toThrow(/largest task has 7/);
  });
});
