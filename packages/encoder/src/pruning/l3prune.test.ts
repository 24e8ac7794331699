import { interpreter } from "@espalier/tensor";
import type { SearchSettings } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import { adapterOf, startLora } from "../training/lora.ts";
import { Encoder, type EncoderOptions } from "../encoder.ts";
import { Random } from "../random.ts";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { l3prune } from "./l3prune.ts";
import type { SearchOptions } from "./search-batches.ts";

const triplets = ["cat sat", "dog ran", "sun is up", "we eat", "rain fell", "go on"].map((query, i) => ({
  query,
  positive: `the ${query}`,
  ...(i !== 1 && { negatives: [`no ${query.slice(0, 3)}`] }),
  instruction: "find",
}));

const encoderWith = (options: Partial<EncoderOptions> = {}) =>
  new Encoder(tinyEncoder(), { engine: interpreter(), maxLength: 16, ...options });
const settings: SearchSettings = { batchSize: 3, batches: 2, scale: 5, sampling: "in-order", seed: 3 };
const find = (changed: SearchSettings = {}, options: SearchOptions = {}) =>
  l3prune(encoderWith(), triplets, { settings: { ...settings, ...changed }, ...options });

const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** The mean loss over all examples as its definition says, by embedding. */
async function lossOf(encoder: Encoder): Promise<number> {
  let sum = 0;
  for (const batch of [triplets.slice(0, 3), triplets.slice(3)]) {
    const queries = await encoder.embed(
      batch.map(({ query }) => query),
      { instruction: "find" },
    );
    const documents = await encoder.embed([
      ...batch.map(({ positive }) => positive),
      ...batch.flatMap(({ negatives = [] }) => negatives),
    ]);
    for (const [i, query] of queries.entries()) {
      const scores = documents.map((document) => Math.exp(5 * cosine(query, document)));
      sum -= Math.log(scores[i]! / scores.reduce((a, b) => a + b));
    }
  }
  await encoder.close();
  return sum / 6;
}

const random = Random.seeded(3);
const factors = [...startLora(tinyLlama, 2, random)].map(([name, data]): [string, Float32Array] => [
  name,
  data.map(() => random.uniform() - 0.5),
]);
const adapter = adapterOf(new Map(factors), tinyLlama, 2, 4);

describe("l3prune", () => {
  it.each([
    ["a model", encoderWith()],
    ["a model with an adapter", encoderWith({ adapter })],
    ["the first layers of a model", encoderWith().keep(2)],
  ])("finds at every depth of %s the loss of an encoder that has only so many layers", async (_, encoder) => {
    const found = await l3prune(encoder, triplets, { settings });
    expect(found.lossByLayer).toHaveLength(encoder.layers);
    for (const [i, loss] of found.lossByLayer.entries())
      expect(loss).toBeCloseTo(await lossOf(encoder.keep(i + 1)), 5);
    expect(found).toMatchObject({ samples: 6, small: 1, seed: 3, scale: 5 });
    expect(found.chance).toBeCloseTo(Math.log(5.5), 12);
  });

  it("takes a stream as it takes a list", async () => {
    async function* stream() {
      yield* triplets;
    }
    expect(await l3prune(encoderWith(), stream(), { settings })).toEqual(await find());
  });

  it("runs the full batches that the dataset has, and says that they are fewer", async () => {
    const found = await find({ batchSize: 4, batches: 100 });
    expect(found.samples).toBe(4);
    expect(found.warnings[0]).toMatch(/6 triplets fill 1 of the 100 batches of 4/);
  });

  it("refuses what it cannot search before anything is computed", async () => {
    const engine = { name: "none", open: () => Promise.reject(new Error("nothing is computed")) };
    const encoder = encoderWith({ engine });
    const refused = (rows: readonly object[], changed: object = {}) =>
      l3prune(encoder, rows as typeof triplets, { settings: { ...settings, ...changed } });
    await expect(refused(triplets, { batchSize: 7 })).rejects.toMatchObject({ code: "dataset/too-small" });
    await expect(refused([])).rejects.toMatchObject({ code: "dataset/too-small" });
    await expect(refused(triplets, { batchSize: 1 })).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field: "/batchSize" },
    });
    await expect(refused(triplets, { batchsize: 2 })).rejects.toMatchObject({ code: "request/invalid" });
    await expect(refused([triplets[0]!, { query: "cat", pos: "the cat" }])).rejects.toMatchObject({
      code: "dataset/malformed",
      facts: { field: "/1/positive" },
    });
    await expect(refused([{ ...triplets[0]!, negatives: ["a", " "] }])).rejects.toMatchObject({
      code: "dataset/malformed",
      facts: { field: "/0/negatives/1" },
    });
  });

  it("uses the settings of the mode where none are given", async () => {
    const encoder = encoderWith();
    const few: SearchSettings = { batchSize: 3 };
    expect(await l3prune(encoder, triplets, { settings: few })).toMatchObject({ scale: 50, seed: 42 });
    expect(await l3prune(encoder, triplets, { settings: few, mode: "reference" })).toMatchObject({
      scale: 20,
    });
  });

  it("draws the same shuffled samples from the same seed", async () => {
    const lossOf = async (seed: number) =>
      (await find({ sampling: "shuffled", batches: 1, seed })).lossByLayer;
    expect(await lossOf(1)).toEqual(await lossOf(1));
    expect(await lossOf(1)).not.toEqual(await lossOf(2));
  });

  it("spills onto the instruction of a text that is cut, in reference mode alone", async () => {
    const cutAt = async (maxLength: number, mode: "default" | "reference") => {
      const encoder = encoderWith({ maxLength });
      return (await l3prune(encoder, triplets, { settings, mode })).lossByLayer;
    };
    expect(await cutAt(16, "reference")).toEqual(await cutAt(16, "default"));
    expect(await cutAt(8, "reference")).not.toEqual(await cutAt(8, "default"));
  });

  it("stops between chunks when it is cancelled", async () => {
    await expect(find({}, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
