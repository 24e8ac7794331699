import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupIntoChunks } from "./chunks.ts";

describe("groupIntoChunks", () => {
  it("holds every text once, within the budget, neighbours in length together", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 2000 }),
        (lengths, budget) => {
          const chunks = groupIntoChunks(lengths, budget);
          expect(chunks.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
          let shortest = Number.POSITIVE_INFINITY;
          for (const chunk of chunks) {
            const widths = chunk.map((i) => lengths[i]!);
            if (chunk.length > 1) expect(Math.max(...widths) * chunk.length).toBeLessThanOrEqual(budget);
            expect(Math.max(...widths)).toBeLessThanOrEqual(shortest);
            shortest = Math.min(...widths);
          }
        },
      ),
    );
  });
});
