import {
  add,
  constant,
  gradients,
  infoNCE,
  input,
  interpreter,
  mul,
  slice,
  weight,
  type Engine,
  type Node,
  type Tensor,
} from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { inputParameters } from "../blocks/parameters.ts";
import { textEncoder } from "../blocks/text-encoder.ts";
import { Random } from "../random.ts";
import { expectedTensors, ofLayers } from "@espalier/model";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { textFeeds } from "../text-feeds.ts";
import { fullModel } from "./full.ts";
import { GradCache } from "./gradcache.ts";
import { layerAgreement } from "./layer-agreement.ts";
import { lora, loraShapes } from "./lora.ts";

const rank = 2;
const alpha = 3;
const scale = 4;
const config = ofLayers(tinyLlama, 2);
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
    trainable: lora(model, { rank, alpha, seed: 0 }),
    scale,
    chunkTokens,
  });

/** The interpreter, which writes down how many texts each run of a forward pass has. */
function counting(texts: number[]): Engine {
  const engine = interpreter();
  return {
    name: engine.name,
    async open(outputs, weights) {
      const executable = await engine.open(outputs, weights);
      if (!("pooled" in outputs)) return executable;
      return {
        close: () => executable.close(),
        async run(feeds) {
          texts.push(feeds["embeddings"]!.shape[0]!);
          return executable.run(feeds);
        },
      };
    },
  };
}

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
    const expected = await engine.run({
      ...textFeeds(model, texts, "weighted_mean"),
      ...adapter,
    });

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

  it("adds at drawn depths the loss there and what keeps them from the whole model's vectors", async () => {
    const { parameter, nodes } = inputParameters();
    const pooled = textEncoder(config, [1, 2], { parameter: weight, adapter: { rank, alpha, parameter } });
    const lossOf = (x: Node) =>
      infoNCE({ query: slice(x, 0, 0, 2), positive: slice(x, 0, 2, 4), negative: slice(x, 0, 4) }, scale);
    const loss = add(mul(lossOf(pooled[0]!), constant([1 / 2], [])), lossOf(pooled[1]!));
    const shape = [texts.length, config.hiddenSize];
    const apart = pooled.map((output, i) => ({
      output,
      cotangent: input(`apart${i}`, ["batch", shape[1]!]),
    }));
    const direct = gradients([{ output: loss }, ...apart], [...nodes.values()]);
    const names = [...nodes.keys()];
    const outputs = Object.fromEntries(names.map((name, i) => [name, direct[i]!]));
    const opened = (what: Record<string, Node>) => interpreter().open(what, model.weights);
    const feeds = {
      ...textFeeds(model, texts, "weighted_mean"),
      ...Object.fromEntries(
        [...loraShapes(config, rank)].map(([name, shape]): [string, Tensor] => [
          name,
          { dtype: "f32", shape, data: factors.get(name)! },
        ]),
      ),
    };
    const states = await (await opened({ loss, one: pooled[0]!, two: pooled[1]! })).run(feeds);
    const [one, two] = [states["one"]!.data as Float32Array, states["two"]!.data as Float32Array];
    const agreement = layerAgreement(one, two, config.hiddenSize);
    expect(agreement.loss).toBeGreaterThan(0);
    const expected = await (
      await opened(outputs)
    ).run({
      ...feeds,
      apart0: { dtype: "f32", shape, data: agreement.shallow },
      apart1: { dtype: "f32", shape, data: agreement.whole },
    });

    const cache = await GradCache.open({
      model,
      engine: interpreter(),
      pooling: "weighted_mean",
      trainable: lora(model, { rank, alpha, seed: 0 }),
      scale,
      chunkTokens: 12,
      adaptiveLayers: 1,
    });
    const step = await cache.step(texts, 2, factors);
    expect(step.loss).toBeCloseTo(states["loss"]!.data[0]! + agreement.loss, 5);
    for (const name of names) {
      const whole = expected[name]!.data;
      const largest = Math.max(...whole.map(Math.abs));
      for (const [i, g] of step.gradients.get(name)!.entries())
        expect(Math.abs(g - whole[i]!)).toBeLessThan(1e-5 * largest);
    }
  });

  it("runs each chunk forward once where its activations may be kept, else twice, and gives the same numbers", async () => {
    const stepWith = async (keptBytes: number, batch = texts) => {
      const forward: number[] = [];
      const cache = await GradCache.open({
        model,
        engine: counting(forward),
        pooling: "mean",
        trainable: lora(model, { rank, alpha, seed: 0 }),
        scale,
        chunkTokens: 20,
        keptBytes,
      });
      const step = await cache.step(batch, 2, factors);
      await cache.close();
      return { forward, step };
    };
    const all = await stepWith(1e9);
    const some = await stepWith(20_000);
    const none = await stepWith(0);
    const chunks = all.forward.length;
    expect(chunks).toBeGreaterThan(2);
    // Without a budget the backward graph does it once more by itself.
    expect(none.forward).toEqual(all.forward);
    expect(some.forward.length).toBeGreaterThan(chunks);
    expect(some.forward.length).toBeLessThan(2 * chunks);
    expect(some.step).toEqual(all.step);
    // Sums of the whole graph are in another order.
    expect(none.step.loss).toBe(all.step.loss);
    for (const [name, gradient] of none.step.gradients) {
      const kept = all.step.gradients.get(name)!;
      const largest = Math.max(...kept.map(Math.abs));
      for (const [i, value] of gradient.entries())
        expect(Math.abs(value - kept[i]!)).toBeLessThan(1e-6 * largest);
    }
  });

  it("computes a text once that a batch holds more than once, with the loss and gradient of all", async () => {
    const [a, b] = [texts[0]!, texts[1]!];
    const twice = [a, b, texts[2]!, texts[3]!, a, a, texts[2]!];
    const rows: number[] = [];
    const cache = await GradCache.open({
      model,
      engine: counting(rows),
      pooling: "mean",
      trainable: lora(model, { rank, alpha, seed: 0 }),
      scale,
      chunkTokens: 1000,
    });
    const step = await cache.step(twice, 2, factors);
    expect(rows).toEqual([4]);
    expect(step.vectors).toHaveLength(twice.length * config.hiddenSize);
    // Noise of no effect keeps the copies apart.
    const apart = await GradCache.open({
      model,
      engine: interpreter(),
      pooling: "mean",
      trainable: lora(model, { rank, alpha, seed: 0 }),
      scale,
      dropout: { adapter: 1e-12, attention: 0, hidden: 0 },
      chunkTokens: 1000,
    });
    const expected = await apart.step(twice, 2, factors);
    expect(step.loss).toBeCloseTo(expected.loss, 6);
    for (const [name, gradient] of expected.gradients) {
      const largest = Math.max(...gradient.map(Math.abs));
      for (const [i, g] of step.gradients.get(name)!.entries())
        expect(Math.abs(g - gradient[i]!)).toBeLessThan(1e-5 * largest);
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

  it("agrees with finite differences in every weight of a model, its embeddings too", async () => {
    const trainable = fullModel(model);
    const parameters = await trainable.start();
    expect([...parameters.keys()].sort()).toEqual([...expectedTensors(config).keys()].sort());
    const full = await GradCache.open({
      model,
      engine: interpreter(),
      pooling: "mean",
      trainable,
      scale,
      chunkTokens: 20,
    });
    const { gradients: analytic } = await full.step(texts, 2, parameters);
    for (const [name, old] of parameters) {
      const direction = old.map(() => random.uniform() - 0.5);
      const lossAt = async (step: number) => {
        const moved = old.map((x, i) => x + step * direction[i]!);
        return (await full.step(texts, 2, new Map([...parameters, [name, moved]]))).loss;
      };
      const difference = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
      const expected = direction.reduce((sum, x, i) => sum + x * analytic.get(name)![i]!, 0);
      expect(Math.abs(difference - expected), name).toBeLessThan(1e-4 + 0.01 * Math.abs(expected));
    }
  });

  describe("with dropout", () => {
    const rates = { adapter: 0.2, attention: 0.3, hidden: 0.1 };
    const dropping = (chunkTokens = 20) =>
      GradCache.open({
        model,
        engine: interpreter(),
        pooling: "mean",
        trainable: lora(model, { rank, alpha, seed: 0 }),
        scale,
        dropout: rates,
        chunkTokens,
      });

    it("drops the same for the same seed, something else for another", async () => {
      const cache = await dropping();
      const lossOf = async (seed: number) => (await cache.step(texts, 2, factors, { seed })).loss;
      expect(await lossOf(5)).toBe(await lossOf(5));
      expect(await lossOf(5)).not.toBe(await lossOf(6));
    });

    it("drops the same whatever the chunks, so that a smaller one changes memory alone", async () => {
      const whole = await (await dropping(1000)).step(texts, 2, factors, { seed: 5 });
      for (const chunkTokens of [1, 12]) {
        const step = await (await dropping(chunkTokens)).step(texts, 2, factors, { seed: 5 });
        expect(step.loss).toBeCloseTo(whole.loss, 6);
        for (const [name, gradient] of step.gradients) {
          const expected = whole.gradients.get(name)!;
          const largest = Math.max(...expected.map(Math.abs));
          for (const [i, g] of gradient.entries())
            expect(Math.abs(g - expected[i]!)).toBeLessThan(1e-5 * largest);
        }
      }
    });

    it("drops the same in both passes: the gradient is that of the loss that is reported", async () => {
      const cache = await dropping();
      const { gradients: analytic } = await cache.step(texts, 2, factors, { seed: 9 });
      for (const name of [...factors.keys()].filter((key) => key.includes("layers.1"))) {
        const old = factors.get(name)!;
        const direction = old.map(() => random.uniform() - 0.5);
        const lossAt = async (step: number) => {
          const moved = old.map((x, i) => x + step * direction[i]!);
          return (await cache.step(texts, 2, new Map([...factors, [name, moved]]), { seed: 9 })).loss;
        };
        const difference = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
        const expected = direction.reduce((sum, x, i) => sum + x * analytic.get(name)![i]!, 0);
        expect(Math.abs(difference - expected), name).toBeLessThan(1e-4 + 0.01 * Math.abs(expected));
      }
    });

    it("makes two vectors of one text", async () => {
      const cache = await dropping();
      const twice = [texts[0]!, texts[1]!, texts[0]!, texts[1]!];
      const { vectors } = await cache.step(twice, 2, factors);
      const width = config.hiddenSize;
      expect(vectors.subarray(0, width)).not.toEqual(vectors.subarray(2 * width, 3 * width));
    });
  });

  it("adds up the losses of the prefixes", async () => {
    const lossOf = async (matryoshka?: number[]) => {
      const options = {
        model,
        engine: interpreter(),
        pooling: "mean" as const,
        scale,
        chunkTokens: 20,
      };
      const trainable = lora(model, { rank, alpha, seed: 0 });
      return (await (await GradCache.open({ ...options, trainable, matryoshka })).step(texts, 2, factors))
        .loss;
    };
    const [whole, short] = [await lossOf(), await lossOf([3])];
    expect(whole).not.toBeCloseTo(short, 3);
    expect(await lossOf([3, config.hiddenSize])).toBeCloseTo(whole + short, 5);
  });

  it("stops between chunks when it is cancelled", async () => {
    const step = (await open(20)).step(texts, 2, factors, {
      signal: AbortSignal.abort(new Error("enough")),
    });
    await expect(step).rejects.toThrow("enough");
  });
});
