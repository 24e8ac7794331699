import { join } from "node:path";
import { resolveTrainingSettings, type ResolvedTrainingSettings, type Triplet } from "@espalier/contract";
import { ofLayers, openFile, readHeader } from "@espalier/model";
import { interpreter } from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../model/src/testing/tiny-model.ts";
import { Encoder } from "../encoder.ts";
import { Random } from "../random.ts";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import { GradCache } from "./gradcache.ts";
import type { TrainingInputs } from "./inputs.ts";
import { lora } from "./lora.ts";
import { TeacherVectors } from "./teacher.ts";
import { train } from "./trainer.ts";

const words = ["cat", "dog", "sun", "rain", "sea", "tree", "red", "go"];
const triplets: Triplet[] = words.map((word, i) => ({
  query: word,
  positive: `the ${word}`,
  negatives: [`not ${words[(i + 1) % words.length]}`],
  ...(i < 4 && { instruction: "say" }),
}));
const model = tinyEncoder(ofLayers(tinyLlama, 1));
const encoding = { pooling: "mean", pooled: "content", attention: "model", maxLength: 16 } as const;
const teacher = new Encoder(tinyEncoder(ofLayers(tinyLlama, 2)), { ...encoding, engine: interpreter() });

const inputs = (changed: Partial<ResolvedTrainingSettings> = {}): TrainingInputs => ({
  model,
  triplets,
  encoding,
  settings: {
    ...resolveTrainingSettings({ objective: "distill" }),
    steps: 24,
    batchSize: 4,
    learningRate: 0.05,
    loraRank: 2,
    chunkTokens: 30,
    ...changed,
  },
});

describe.each(["similarities", "mse", "cosine"] as const)("a student that learns by %s", (distillation) => {
  it.each([0, 0.5])("comes closer to its teacher, with the contrastive loss at %d", async (weight) => {
    const given = inputs({ distillation, contrastiveWeight: weight, scale: 2 });
    const taught = await TeacherVectors.compute(teacher, given);
    const { losses } = await train({ ...given, teacher: taught }, { engine: interpreter() });
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b) / xs.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.95 * mean(losses.slice(0, 6)));
  });

  it("has the gradient of finite differences in a factor of its adapter", async () => {
    const width = model.config.hiddenSize;
    const trainable = lora(model, { rank: 2, alpha: 3, seed: 0 });
    const cache = await GradCache.open({
      model,
      engine: interpreter(),
      pooling: "mean",
      trainable,
      scale: 4,
      chunkTokens: 20,
      distillation: {
        target: distillation,
        width,
        contrastiveWeight: 0.5,
      },
    });
    const texts = ["cat", "a dog", "the cat", "dogs"].map((text) => model.tokenizer.tokenize(text));
    const random = Random.seeded(3);
    const parameters = new Map(
      [...(await trainable.start())].map(([name, array]) => [name, array.map(() => random.uniform() - 0.5)]),
    );
    const taught = Float32Array.from({ length: texts.length * width }, () => random.uniform() - 0.5);
    const step = (at: typeof parameters) => cache.step(texts, 2, at, { teacher: taught });
    const { gradients } = await step(parameters);
    for (const [name, old] of parameters) {
      const direction = old.map(() => random.uniform() - 0.5);
      const moved = async (by: number) =>
        (await step(new Map([...parameters, [name, old.map((x, i) => x + by * direction[i]!)]]))).loss;
      const difference = ((await moved(0.01)) - (await moved(-0.01))) / 0.02;
      const expected = direction.reduce((sum, x, i) => sum + x * gradients.get(name)![i]!, 0);
      expect(Math.abs(difference - expected), name).toBeLessThan(1e-4 + 0.01 * Math.abs(expected));
    }
  });
});

it("asks its teacher once for each text that the steps see, with the instruction that it has there", async () => {
  const seen: string[] = [];
  const asked = new Encoder(teacher.model, { ...encoding, engine: interpreter() });
  const embed = asked.embed.bind(asked);
  asked.embed = (texts: readonly string[], options) => {
    seen.push(...texts.map((text) => `${options?.instruction ?? ""}|${text}`));
    return embed(texts, options);
  };
  const given = inputs({ steps: 6 });
  const taught = await TeacherVectors.compute(asked, given);
  expect(taught.texts).toBe(24);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toContain("say|cat");
  expect(seen).toContain("|the cat");
  const [vector] = await teacher.embed(["cat"], { instruction: "say" });
  expect(taught.of([{ text: "cat", instruction: "say" }])).toEqual(vector);
  const few = await TeacherVectors.compute(teacher, inputs({ steps: 1 }));
  expect(few.texts).toBe(12);
});

it("writes what its teacher said, and to which texts", async () => {
  await using folder = await temporaryFolder();
  const taught = await TeacherVectors.compute(teacher, inputs({ steps: 1 }));
  await taught.write(join(folder.path, "vectors.safetensors"));
  const file = await openFile(join(folder.path, "vectors.safetensors"));
  const { metadata, tensors } = await readHeader(file);
  await file.close();
  expect(JSON.parse(metadata.get("texts")!)).toHaveLength(12);
  expect([...tensors.values()]).toMatchObject([{ name: "vectors", shape: [12, taught.width] }]);
});

it("refuses a teacher that nobody asked for, none that was asked for, and what cannot be learned", async () => {
  const taught = await TeacherVectors.compute(teacher, inputs({ steps: 1 }));
  const attempt = (changed: Partial<ResolvedTrainingSettings>, has = true) =>
    train(
      { ...inputs({ steps: 1, ...changed }), teacher: has ? taught : undefined },
      { engine: interpreter() },
    );
  for (const [changed, has, field] of [
    [{}, false, "/teacher"],
    [{ objective: "supervised" }, true, "/teacher"],
    [{ distillation: "mse", matryoshka: [4] }, true, "/settings/matryoshka"],
  ] as const)
    await expect(
      attempt({ ...changed, ...("matryoshka" in changed && { matryoshka: [4] }) } as object, has),
    ).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field },
    });
  await expect(attempt({ matryoshka: [4] })).resolves.toMatchObject({ tokens: expect.any(Number) as number });
});
