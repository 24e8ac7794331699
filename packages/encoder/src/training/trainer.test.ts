import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resolveTrainingSettings, type ResolvedTrainingSettings, type Triplet } from "@espalier/contract";
import { interpreter } from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { ofLayers } from "@espalier/model";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { temporaryFolder } from "../../../model/src/testing/tiny-model.ts";
import { fullModel } from "./full.ts";
import type { TrainingInputs } from "./inputs.ts";
import { loadTrainingState, saveTrainingState } from "./resume.ts";
import type { TrainingState } from "./state.ts";
import { train as trainModel, type StepReport, type TrainingControl } from "./trainer.ts";

const words = ["cat", "dog", "sun", "rain", "sea", "tree", "red", "go"];
const triplets: Triplet[] = words.map((word, i) => ({
  query: word,
  positive: `the ${word}`,
  negatives: [`not ${words[(i + 1) % words.length]}`],
}));

const settings: ResolvedTrainingSettings = {
  ...resolveTrainingSettings(),
  steps: 6,
  batchSize: 3,
  learningRate: 0.01,
  scale: 10,
  loraRank: 2,
  loraAlpha: 4,
  chunkTokens: 30,
  checkpointEvery: 2,
  seed: 11,
};

const inputs = (changed: Partial<ResolvedTrainingSettings> = {}): TrainingInputs => ({
  model: tinyEncoder(ofLayers(tinyLlama, 1)),
  triplets,
  settings: { ...settings, ...changed },
  encoding: { pooling: "mean", pooled: "content", attention: "model", maxLength: 16 },
});

const train = (control: Omit<TrainingControl, "engine"> = {}, changed = {}) =>
  trainModel(inputs(changed), { engine: interpreter(), ...control });

describe("train", () => {
  it("lowers the loss", async () => {
    const { losses } = await train({}, { steps: 24, learningRate: 0.05 });
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b) / xs.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.8 * mean(losses.slice(0, 6)));
  });

  it("ends with the same bits when it was interrupted at any checkpoint and went on from disk", async () => {
    const saved: TrainingState[] = [];
    const whole = await train({
      save: async (state) => {
        saved.push(structuredClone(state));
      },
    });
    expect(saved.map(({ step }) => step)).toEqual([2, 4, 6]);
    for (const state of saved) {
      await using folder = await temporaryFolder();
      const path = join(folder.path, "state.safetensors");
      await saveTrainingState(path, state);
      const resume = await loadTrainingState(path);
      const resumed = await train({ resume });
      expect(resumed.parameters).toEqual(whole.parameters);
      expect(resumed.losses).toEqual(whole.losses);
      expect(resumed.tokens).toBe(whole.tokens);
    }
  });

  it("saves the last finished step when it is cancelled, and goes on from there to the same bits", async () => {
    const whole = await train();
    const abort = new AbortController();
    const saved: TrainingState[] = [];
    const cancelled = train({
      signal: abort.signal,
      report: ({ step }) => step === 3 && abort.abort(new Error("enough")),
      save: async (state) => void saved.push(structuredClone(state)),
    });
    await expect(cancelled).rejects.toThrow("enough");
    expect(saved.map(({ step, losses }) => [step, losses.length])).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect((await train({ resume: saved[1] })).parameters).toEqual(whole.parameters);
  });

  it("reports each step: warm-up, then a linear fall towards the horizon", async () => {
    const reports: StepReport[] = [];
    await train(
      { report: (step) => reports.push(step) },
      { steps: 4, warmupSteps: 2, scheduleSteps: 10, learningRate: 0.08 },
    );
    const rates = reports.map(({ learningRate }) => learningRate);
    for (const [i, rate] of [0.04, 0.08, 0.08, 0.07].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
    for (const { gradientNorm, meanCosine, tokens } of reports) {
      expect(gradientNorm).toBeGreaterThan(0);
      expect(Math.abs(meanCosine)).toBeLessThanOrEqual(1);
      expect(tokens).toBeGreaterThan(9);
    }
  });

  it("trains every weight, interrupted or not, and the embeddings of the words it met", async () => {
    const saved: TrainingState[] = [];
    const full = { method: "full" as const, steps: 4, hiddenDropout: 0.1 };
    const whole = await train({ save: async (state) => void saved.push(structuredClone(state)) }, full);
    expect((await train({ resume: saved[0] }, full)).parameters).toEqual(whole.parameters);
    const before = await fullModel(inputs().model).start();
    for (const [name, values] of whole.parameters) expect(values, name).not.toEqual(before.get(name));
  });

  it("averages over the batches of a step", async () => {
    const one = await train({}, { steps: 1, batchSize: 8 });
    const two = await train({}, { steps: 1, batchSize: 8, accumulate: 2 });
    // Both batches are all rows, in another order.
    expect(two.losses[0]).toBeCloseTo(one.losses[0]!, 5);
    expect(two.tokens).toBe(2 * one.tokens);
    for (const [name, values] of two.parameters)
      for (const [i, value] of values.entries())
        expect(Math.abs(value - one.parameters.get(name)![i]!)).toBeLessThan(1e-4);
  });

  it("brings a text's two vectors together without a positive", async () => {
    const { losses } = await train(
      {},
      { objective: "simcse", steps: 20, learningRate: 0.05, attentionDropout: 0.3, batchSize: 8 },
    );
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b) / xs.length;
    expect(losses[0]).toBeGreaterThan(0.01);
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)));
  });

  it("refuses a prefix longer than the vector", async () => {
    await expect(train({}, { matryoshka: [4, 9] })).rejects.toMatchObject({ code: "request/invalid" });
  });

  it("stops with the step when the loss is not a number", async () => {
    const broken = inputs();
    const weights = new Map(broken.model.weights);
    const norm = weights.get("norm.weight")!;
    weights.set("norm.weight", { shape: norm.shape, data: new Float32Array(8).fill(Number.NaN) });
    const training = trainModel(
      { ...broken, model: { ...broken.model, weights } },
      { engine: interpreter() },
    );
    await expect(training).rejects.toMatchObject({ code: "training/diverged", facts: { step: 1 } });
  });

  it("refuses a batch larger than the dataset before anything is computed", async () => {
    const engine = { name: "none", open: () => Promise.reject(new Error("nothing is computed")) };
    const training = trainModel(inputs({ batchSize: 9 }), { engine });
    await expect(training).rejects.toMatchObject({ code: "dataset/too-small" });
  });

  it("refuses to continue the state of another training", async () => {
    const saved: TrainingState[] = [];
    await train({ save: async (state) => void saved.push(structuredClone(state)) }, { steps: 2 });
    await expect(train({ resume: saved[0] }, { scale: 20 })).rejects.toMatchObject({
      code: "resource/conflict",
    });
  });
});

describe("a training state on disk", () => {
  const state: TrainingState = {
    fingerprint: "f",
    step: 3,
    parameters: new Map([["a", Float32Array.of(1, 2)]]),
    optimizer: {
      step: 3,
      mean: new Map([["a", new Float32Array(2)]]),
      square: new Map([["a", new Float32Array(2)]]),
    },
    batches: { epoch: 0, batch: 3, random: [1, 2, 3, 4] },
    losses: [3, 2, 1],
    tokens: 10,
    seconds: 1.5,
  };

  it("comes back as it was, and is replaced whole by the next", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.safetensors");
    await saveTrainingState(path, state);
    expect(await loadTrainingState(path)).toEqual(state);
    const later = { ...state, step: 4, optimizer: { ...state.optimizer, step: 4 } };
    await saveTrainingState(path, later);
    expect(await loadTrainingState(path)).toEqual(later);
  });

  it("is refused when its bytes changed", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.safetensors");
    await saveTrainingState(path, state);
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    await expect(loadTrainingState(path)).rejects.toMatchObject({ code: "artifact/corrupt" });
    await truncate(path, 40);
    await expect(loadTrainingState(path)).rejects.toMatchObject({ code: "artifact/corrupt" });
  });
});
