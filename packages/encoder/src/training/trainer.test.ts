import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ResolvedTrainingSettings, Triplet } from "@espalier/contract";
import { interpreter } from "@espalier/graph";
import { describe, expect, it } from "vitest";
import { ofDepth } from "../architectures/tensors.ts";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { temporaryFolder } from "../testing/tiny-model.ts";
import { loadTrainingState, saveTrainingState } from "./resume.ts";
import type { TrainingState } from "./state.ts";
import { trainAdapter, type StepReport, type TrainingControl, type TrainingInputs } from "./trainer.ts";

const words = ["cat", "dog", "sun", "rain", "sea", "tree", "red", "go"];
const triplets: Triplet[] = words.map((word, i) => ({
  query: word,
  positive: `the ${word}`,
  negatives: [`not ${words[(i + 1) % words.length]}`],
}));

const settings: ResolvedTrainingSettings = {
  steps: 6,
  batchSize: 3,
  hardNegatives: 1,
  learningRate: 0.01,
  weightDecay: 0,
  maxGradientNorm: 1,
  scale: 10,
  loraRank: 2,
  loraAlpha: 4,
  chunkTokens: 30,
  checkpointEvery: 2,
  seed: 11,
};

const inputs = (changed: Partial<ResolvedTrainingSettings> = {}): TrainingInputs => ({
  model: tinyEncoder(ofDepth(tinyLlama, 1)),
  triplets,
  settings: { ...settings, ...changed },
  encoding: { pooling: "mean", maxLength: 16 },
});

const train = (control: Omit<TrainingControl, "engine"> = {}, changed = {}) =>
  trainAdapter(inputs(changed), { engine: interpreter(), ...control });

describe("trainAdapter", () => {
  it("lowers the loss", async () => {
    const { losses } = await train({}, { steps: 24, learningRate: 0.05 });
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b) / xs.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.8 * mean(losses.slice(0, 6)));
  });

  it("ends with the same bits when it was interrupted at any checkpoint and went on from disk", async () => {
    const saved: TrainingState[] = [];
    const whole = await train({
      save: async (state) => {
        saved.push(state);
      },
    });
    expect(saved.map(({ step }) => step)).toEqual([2, 4, 6]);
    for (const state of saved) {
      await using folder = await temporaryFolder();
      const path = join(folder.path, "state.safetensors");
      await saveTrainingState(path, state);
      const resume = await loadTrainingState(path);
      const resumed = await train({ resume });
      expect(resumed.adapter).toEqual(whole.adapter);
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
      save: async (state) => void saved.push(state),
    });
    await expect(cancelled).rejects.toThrow("enough");
    expect(saved.map(({ step, losses }) => [step, losses.length])).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect((await train({ resume: saved[1] })).adapter).toEqual(whole.adapter);
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

  it("stops with the step when the loss is not a number", async () => {
    const broken = inputs();
    const weights = new Map(broken.model.weights);
    const norm = weights.get("norm.weight")!;
    weights.set("norm.weight", { shape: norm.shape, data: new Float32Array(8).fill(Number.NaN) });
    const training = trainAdapter(
      { ...broken, model: { ...broken.model, weights } },
      { engine: interpreter() },
    );
    await expect(training).rejects.toMatchObject({ code: "training/diverged", facts: { step: 1 } });
  });

  it("refuses a batch larger than the dataset before anything is computed", async () => {
    const engine = { name: "none", open: () => Promise.reject(new Error("nothing is computed")) };
    const training = trainAdapter(inputs({ batchSize: 9 }), { engine });
    await expect(training).rejects.toMatchObject({ code: "dataset/too-small" });
  });

  it("refuses to continue the state of another training", async () => {
    const saved: TrainingState[] = [];
    await train({ save: async (state) => void saved.push(state) }, { steps: 2 });
    await expect(train({ resume: saved[0] }, { scale: 20 })).rejects.toMatchObject({
      code: "resource/conflict",
    });
  });
});

describe("a training state on disk", () => {
  const state: TrainingState = {
    fingerprint: "f",
    step: 3,
    factors: new Map([["a", Float32Array.of(1, 2)]]),
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
