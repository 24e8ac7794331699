import { interpreter } from "@espalier/graph";
import type { Triplet } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import { Encoder } from "../encoder.ts";
import { tinyEncoder } from "../testing/tiny-encoder.ts";
import { searchLayers, type SearchInputs } from "./l3prune.ts";

const triplets: Triplet[] = ["cat sat", "dog ran", "sun is up", "we eat", "rain fell", "go on"].map(
  (query, i) => ({
    query,
    positive: `the ${query}`,
    negatives: i === 1 ? [] : [`no ${query.slice(0, 3)}`],
    instruction: "find",
  }),
);

const inputs = (settings: Partial<SearchInputs["settings"]> = {}): SearchInputs => ({
  model: tinyEncoder(),
  triplets,
  settings: { batchSize: 3, batches: 2, scale: 5, sampling: "in-order", seed: 3, ...settings },
  encoding: { pooling: "weighted_mean", pooled: "content", maxLength: 16 },
});

const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe("searchLayers", () => {
  it("finds at every depth the loss of an encoder that has only so many layers", async () => {
    const search = inputs();
    const found = await searchLayers(search, { engine: interpreter() });
    for (const layers of [1, 2, 3]) {
      const encoder = await Encoder.over(search.model, { engine: interpreter(), layers, maxLength: 16 });
      let sum = 0;
      for (const batch of [triplets.slice(0, 3), triplets.slice(3)]) {
        const queries = await encoder.embed(
          batch.map(({ query }) => query),
          { instruction: "find" },
        );
        const documents = await encoder.embed([
          ...batch.map(({ positive }) => positive),
          ...batch.flatMap(({ negatives }) => negatives),
        ]);
        for (const [i, query] of queries.entries()) {
          const scores = documents.map((document) => Math.exp(5 * cosine(query, document)));
          sum -= Math.log(scores[i]! / scores.reduce((a, b) => a + b));
        }
      }
      expect(found.lossByLayer[layers - 1]).toBeCloseTo(sum / 6, 5);
      await encoder.close();
    }
    expect(found).toMatchObject({ samples: 6, small: 1, seed: 3, scale: 5, warnings: [] });
    expect(found.chance).toBeCloseTo(Math.log(5.5), 12);
  });

  it("runs the full batches that the dataset has, and says that they are fewer", async () => {
    const found = await searchLayers(inputs({ batchSize: 4, batches: 100 }), { engine: interpreter() });
    expect(found.samples).toBe(4);
    expect(found.warnings[0]).toMatch(/6 triplets fill 1 of the 100 batches of 4/);
  });

  it("refuses a dataset without one full batch before anything is computed", async () => {
    await expect(
      searchLayers(inputs({ batchSize: 7 }), {
        engine: { name: "none", open: () => Promise.reject(new Error("nothing is computed")) },
      }),
    ).rejects.toMatchObject({ code: "dataset/too-small" });
  });

  it("draws the same shuffled samples from the same seed", async () => {
    const lossOf = async (seed: number) =>
      (await searchLayers(inputs({ sampling: "shuffled", batches: 1, seed }), { engine: interpreter() }))
        .lossByLayer;
    expect(await lossOf(1)).toEqual(await lossOf(1));
    expect(await lossOf(1)).not.toEqual(await lossOf(2));
  });

  it("stops between chunks when it is cancelled", async () => {
    await expect(
      searchLayers(inputs(), { engine: interpreter(), signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});
