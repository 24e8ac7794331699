import { gradients, infoNCE, interpreter, slice, weight, type Tensor } from "@espalier/graph";
import { describe, expect, it } from "vitest";
import { inputParameters } from "../blocks/parameters.ts";
import { textEncoder } from "../blocks/text-encoder.ts";
import { Random } from "../random.ts";
import { ofDepth } from "../architectures/tensors.ts";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { textFeeds } from "../text-feeds.ts";
import { GradCache } from "./gradcache.ts";
import { loraShapes } from "./lora.ts";

const rank = 2;
const alpha = 3;
const scale = 4;
const config = ofDepth(tinyLlama, 2);
const model = tinyEncoder(config);
const texts = ["cat", "a dog", "the cat sat", "dogs", "no cats", "some of it", "un"].map((text) =>
  model.tokenizer.tokenize(text),
);

/** Factors with B away from zero, so that every gradient is. */
const random = Random.seeded(2);
const factors = new Map(
  [...loraShapes(config, rank)].map(([name, [rows, columns]]) => [
    name,
    Float32Array.from({ length: rows! * columns! }, () => random.uniform() - 0.5),
  ]),
);

const open = (chunkTokens: number) =>
  GradCache.open({
    model,
    engine: interpreter(),
    pooling: "weighted_mean",
    rank,
    alpha,
    scale,
    chunkTokens,
  });

describe("GradCache", () => {
  it("gives the gradient of the whole batch in one graph, whatever the chunks", async () => {
    const { parameter, nodes } = inputParameters();
    const [pooled] = textEncoder(config, [2], { parameter: weight, adapter: { rank, alpha, parameter } });
    const loss = infoNCE(
      { query: slice(pooled!, 0, 0, 2), positive: slice(pooled!, 0, 2, 4), negative: slice(pooled!, 0, 4) },
      scale,
    );
    const direct = gradients([{ output: loss }], [...nodes.values()]);
    const names = [...nodes.keys()];
    const engine = await interpreter().open(
      { loss, ...Object.fromEntries(names.map((name, i) => [name, direct[i]!])) },
      model.weights,
    );
    const adapter: Record<string, Tensor> = Object.fromEntries(
      [...loraShapes(config, rank)].map(([name, shape]) => [
        name,
        { dtype: "f32", shape, data: factors.get(name)! },
      ]),
    );
    const expected = await engine.run({ ...textFeeds(model, texts, "weighted_mean"), ...adapter });

    for (const chunkTokens of [1, 12, 1000]) {
      const step = await (await open(chunkTokens)).step(texts, 2, factors);
      expect(step.loss).toBeCloseTo(expected["loss"]!.data[0]!, 6);
      for (const name of names) {
        const whole = expected[name]!.data;
        const largest = Math.max(...whole.map(Math.abs));
        expect(largest).toBeGreaterThan(0);
        for (const [i, g] of step.gradients.get(name)!.entries())
          expect(Math.abs(g - whole[i]!)).toBeLessThan(1e-5 * largest);
      }
    }
  });

  it("agrees with finite differences of the loss in every factor", async () => {
    const cache = await open(20);
    const { gradients: analytic } = await cache.step(texts, 2, factors);
    for (const [name, old] of factors) {
      const direction = old.map(() => random.uniform() - 0.5);
      const lossAt = async (step: number) =>
        (
          await cache.step(
            texts,
            2,
            new Map([...factors, [name, old.map((x, i) => x + step * direction[i]!)]]),
          )
        ).loss;
      const difference = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
      const expected = direction.reduce((sum, x, i) => sum + x * analytic.get(name)![i]!, 0);
      expect(Math.abs(difference - expected)).toBeLessThan(2e-5 + 0.01 * Math.abs(expected));
    }
  });

  it("trains without hard negatives too", async () => {
    const { loss } = await (await open(20)).step(texts.slice(0, 4), 2, factors);
    expect(loss).toBeGreaterThan(0);
  });

  it("stops between chunks when it is cancelled", async () => {
    const step = (await open(20)).step(texts, 2, factors, AbortSignal.abort(new Error("enough")));
    await expect(step).rejects.toThrow("enough");
  });
});
