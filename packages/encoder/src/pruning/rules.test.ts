import type { SearchSettings } from "@espalier/contract";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { interpreter } from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { parseConfig } from "@espalier/model";
import { DepthEncoder } from "../depth-encoder.ts";
import { Encoder } from "../encoder.ts";
import { fileInterpreter } from "../testing/file-interpreter.ts";
import { tinyEncoder } from "../testing/tiny-encoder.ts";
import { findLayers } from "./find-layers.ts";
import { l3prune } from "./l3prune.ts";
import { leastAt } from "./pick-layers.ts";
import { stabilityOf } from "./stability.ts";

const golden = JSON.parse(readFileSync(new URL("rules-golden.json", import.meta.url), "utf8")) as Record<
  "blockInfluence" | "angularDistance1" | "angularDistance2",
  number[]
>;

const config = parseConfig(
  JSON.stringify({
    model_type: "llama",
    num_hidden_layers: 5,
    hidden_size: 8,
    intermediate_size: 10,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    vocab_size: 28,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  }),
);
const triplets = ["cat sat", "dog ran", "sun is up", "we eat", "rain fell", "go on"].map((query) => ({
  query,
  positive: `the ${query}`,
  negatives: [`no ${query.slice(0, 3)}`],
}));
const encoder = new Encoder(tinyEncoder(config, 4), { engine: interpreter(), maxLength: 16 });
const settings: SearchSettings = {
  batchSize: 3,
  batches: 2,
  scale: 5,
  sampling: "in-order",
  small: 2,
  large: 4,
};
const find = (changed: SearchSettings) =>
  findLayers(encoder, triplets, { settings: { ...settings, ...changed } });

describe("rules of one pass", () => {
  it("have the block influence and angular distances that transformers' states give", async () => {
    const folder = fileURLToPath(new URL("../testing/folders/decoder", import.meta.url));
    const stored = await Encoder.load(folder, { engine: fileInterpreter() });
    const by = (rule: "block-influence" | "angular-distance") =>
      findLayers(stored, triplets, { settings: { ...settings, rule, small: 2, large: 3 } });
    const influence = await by("block-influence");
    expectNear(influence.curves![0]!.values, golden.blockInfluence);
    const without = (...out: number[]) => [0, 1, 2, 3].filter((layer) => !out.includes(layer));
    expect(influence.keep!.large).toEqual(without(leastAt(golden.blockInfluence)!));
    const angular = await by("angular-distance");
    expectNear(angular.curves![0]!.values, golden.angularDistance2);
    expectNear(angular.curves![1]!.values, golden.angularDistance1);
    const first = leastAt(golden.angularDistance2)!;
    expect(angular.keep!.small).toEqual(without(first, first + 1));
    expect(angular.stability).toMatchObject({ small: { share: expect.any(Number) as number } });
  });

  it("give at every depth the vectors of an encoder that has only so many layers", async () => {
    const texts = ["cat sat", "the dog", "cat sat", "we eat"];
    const all = await DepthEncoder.open(encoder);
    const found = await all.embed(texts, { normalize: true });
    await all.close();
    for (const [i, vectors] of found.entries()) {
      const kept = encoder.keep(i + 1);
      const alone = await kept.embed(texts, { normalize: true });
      await kept.close();
      for (const [text, vector] of vectors.entries()) expectNear([...vector], [...alone[text]!], 6);
    }
    await expect(DepthEncoder.open(encoder, [2, 6])).rejects.toMatchObject({ code: "layers/out-of-range" });
  });
});

describe("sleb", () => {
  it("removes again and again the inner layer without which the loss is least", async () => {
    const found = await find({ rule: "sleb" });
    let kept = [0, 1, 2, 3, 4];
    const losses: number[] = [];
    while (kept.length > 2) {
      const tried = [];
      for (const layer of kept.slice(1, -1)) {
        const without = kept.filter((other) => other !== layer);
        const { lossByLayer } = await l3prune(encoder.keep(without), triplets, {
          settings: { batchSize: 3, batches: 2, scale: 5, sampling: "in-order" },
        });
        tried.push({ without, loss: lossByLayer.at(-1)! });
      }
      const best = tried.reduce((one, other) => (other.loss < one.loss ? other : one));
      kept = best.without;
      losses.push(best.loss);
      if (kept.length === 4) expect(found.keep!.large).toEqual(kept);
    }
    expect(found.keep!.small).toEqual(kept);
    expectNear(found.curves![0]!.values, losses);
  });
});

describe("controls", () => {
  it("keep the first layers, layers at even distances, and any by the seed", async () => {
    expect(await find({ rule: "fixed", small: "50%" })).toMatchObject({ small: 2, large: 4 });
    expect((await find({ rule: "fixed" })).keep).toBeUndefined();
    expect((await find({ rule: "uniform", small: 3 })).keep!.small).toEqual([0, 2, 4]);
    const [one, same, ...others] = await Promise.all(
      [1, 1, 2, 3, 4].map(async (seed) => (await find({ rule: "random", seed })).keep!.small),
    );
    expect(one).toEqual(same);
    expect(one).toHaveLength(2);
    expect(others.some((other) => String(other) !== String(one))).toBe(true);
  });
  it("refuse sizes that the model does not have, and rules that find sizes refuse to be told", async () => {
    await expect(find({ rule: "random", large: 6 })).rejects.toMatchObject({
      code: "layers/out-of-range",
      facts: { field: "/large" },
    });
    await expect(find({ rule: "l3prune" })).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field: "/small" },
    });
    await expect(findLayers(encoder, triplets, { settings: { rule: "evaluation" } })).rejects.toMatchObject({
      facts: { field: "/rule" },
    });
  });
});

describe("stability", () => {
  const draws = 40;
  /** Two depths: the second is better by `gap` in the mean, and each draw differs by ±1. */
  const stability = (gap: number) =>
    stabilityOf({
      draws,
      samplesPerDraw: 10,
      seed: 1,
      pick: (counts) => {
        let sum = 0;
        for (let i = 0; i < draws; i++) sum += counts[i]! * ((i % 2 === 0 ? 1 : -1) + gap);
        return { small: sum > 0 ? 2 : 1, large: null };
      },
    })!.small!;
  it("is the share that a normal approximation expects, and more samples make it sure", () => {
    // The difference's mean over 40 draws has a standard error of 0.158: 0.1 is 0.63 of them, so Φ is 0.74.
    const { share, samplesFor95, others } = stability(0.1);
    expect(share).toBeGreaterThan(0.68);
    expect(share).toBeLessThan(0.8);
    expect(others).toEqual([{ layers: 1, share: expect.closeTo(1 - share, 10) as number }]);
    // 1.645 standard errors: 271 draws of 10.
    expect(samplesFor95).toBeGreaterThanOrEqual(2_400);
    expect(samplesFor95).toBeLessThanOrEqual(4_800);
  });
  it("is sure with fewer where the difference is large, and says where no number that is tried is enough", () => {
    expect(stability(0.9).share).toBe(1);
    expect(stability(0.9).samplesFor95).toBeLessThanOrEqual(100);
    expect(stability(0.005).samplesFor95).toBeNull();
    expect(stabilityOf({ draws: 1, samplesPerDraw: 1, seed: 1, pick: () => ({ small: 1, large: 1 }) })).toBe(
      undefined,
    );
  });
});

function expectNear(found: readonly (number | null)[], right: readonly number[], digits = 5): void {
  expect(found).toHaveLength(right.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(right[i]!, digits);
}
