import { readFile } from "node:fs/promises";
import { resolveTrainingSettings, type Precision, type Triplet } from "@espalier/contract";
import { chooseEngine, probeEngines } from "@espalier/engine";
import { noSoftwareGpu, tfjsInJavaScript, useSoftwareGpu } from "@espalier/engine/testing";
import { ofLayers, parseConfig } from "@espalier/model";
import { interpreter, type Engine } from "@espalier/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { Encoder } from "./encoder.ts";
import { goldenFactors, goldenModel } from "./testing/golden-model.ts";
import { GradCache } from "./training/gradcache.ts";
import { lora } from "./training/lora.ts";
import { train } from "./training/trainer.ts";

/*
 * Every engine that is installed for the processor, and WebGPU on a GPU made of software, do with whole encoders what the interpreter does: a decoder with grouped
 * queries, an encoder that sees both ways and so needs masks for padding, and a decoder with windows, soft caps and norms of
 * its own. The ops one by one are held to it in `packages/engine`.
 */
const tolerances: Partial<Record<Precision, number>> = { fp32: 1e-4 };
const others = 2e-2;

const goldens = new URL("../../model/src/testing/goldens/architectures.json", import.meta.url);
const { cases } = JSON.parse(await readFile(goldens, "utf8")) as {
  cases: Record<string, { config: object }>;
};
const architectures = ["llama3", "bert", "gemma2"];
const modelOf = (name: string) => goldenModel(ofLayers(parseConfig(JSON.stringify(cases[name]!.config)), 2));

const installed = [...probeEngines("cpu")].flatMap(([name, probe]) => (probe.installed ? [name] : []));
if (noSoftwareGpu === undefined) useSoftwareGpu();
const engines: { name: string; precision: Precision; make: () => Promise<Engine>; missing?: string }[] = [
  { name: "tfjs in JavaScript", precision: "fp32", make: tfjsInJavaScript },
  ...installed.map((name) => ({
    name,
    precision: "fp32" as const,
    make: async () => chooseEngine(name, { threads: 1 }),
  })),
  {
    name: "onnx-webgpu, on a GPU made of software,",
    precision: "fp32",
    make: async () => chooseEngine("onnx-webgpu", { threads: 1 }),
    ...(noSoftwareGpu === undefined ? {} : { missing: noSoftwareGpu }),
  },
];

const texts = ["a", "the cat sat on it", "dogs", "no cats"];
const triplets: Triplet[] = ["cat", "dog", "sun", "sea"].map((word, i, all) => ({
  query: word,
  positive: `a ${word}`,
  negatives: [`not ${all[(i + 1) % all.length]}`],
}));

/** Largest difference over the largest value. */
function difference(actual: ArrayLike<number>, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i]! - value)), 0) / largest;
}

async function computeAll(name: string, engine: Engine) {
  const model = modelOf(name);
  await using encoder = new Encoder(model, { engine, pooling: "mean", chunkTokens: 40 });
  const vectors = await encoder.embed(texts);
  const factors = goldenFactors(model.config, 2);
  const cache = await GradCache.open({
    model: encoder.model,
    engine,
    pooling: "mean",
    trainable: lora(model, { rank: 2, alpha: 4, seed: 0 }),
    scale: 5,
    dropout: { adapter: 0.1, attention: 0.1, hidden: 0.1 },
    chunkTokens: 60,
  });
  const step = await cache.step(
    texts.map((text) => model.tokenizer.tokenize(text)),
    2,
    factors,
    { seed: 3 },
  );
  await cache.close();
  const training = await train(
    {
      model,
      triplets,
      settings: {
        ...resolveTrainingSettings(),
        steps: 3,
        batchSize: 2,
        learningRate: 0.01,
        scale: 10,
        loraRank: 2,
        loraAlpha: 4,
        chunkTokens: 60,
        seed: 11,
      },
      encoding: { pooling: "mean", pooled: "content", attention: "model", maxLength: 32 },
    },
    { engine },
  );
  return { vectors, step, training };
}

describe.each(architectures)("%s", (name) => {
  let expected: Awaited<ReturnType<typeof computeAll>>;
  beforeAll(async () => {
    expected = await computeAll(name, interpreter());
  }, 60_000);

  it.for(engines)(
    "embeds, differentiates and trains on $name as on the interpreter",
    { timeout: 120_000 },
    async ({ make, precision, missing }, { skip }) => {
      if (missing !== undefined) skip(missing);
      const tolerance = tolerances[precision] ?? others;
      const actual = await computeAll(name, await make());
      for (const [i, vector] of expected.vectors.entries())
        expect(difference(actual.vectors[i]!, vector), `the vector of "${texts[i]}"`).toBeLessThan(tolerance);
      const { step, training } = expected;
      expect(Math.abs(actual.step.loss - step.loss)).toBeLessThan(tolerance);
      for (const [parameter, gradient] of step.gradients)
        expect(difference(actual.step.gradients.get(parameter)!, gradient), parameter).toBeLessThan(
          tolerance,
        );
      for (const [i, loss] of training.losses.entries())
        expect(Math.abs(actual.training.losses[i]! - loss), `the loss of step ${i + 1}`).toBeLessThan(
          tolerance,
        );
      for (const [parameter, values] of training.parameters)
        expect(difference(actual.training.parameters.get(parameter)!, values), parameter).toBeLessThan(
          tolerance,
        );
    },
  );
});
