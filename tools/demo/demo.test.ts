import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseTokenizer, type Tokenizer } from "@espalier/model/tokenizer";
import { openCheckpoint } from "@espalier/model";
import { expect, test } from "vitest";
import { datasets } from "./datasets.ts";
import { document } from "./language/corpus.ts";
import { MODEL } from "./model.ts";
import { overlap, scoredPairs, type ScoredPair, type Triplet } from "./pairs.ts";
import { Random } from "./random.ts";

/** The seed that the bundled files were made with. */
const SEED = 1;
const bundled = new URL("../../apps/cli/demo/", import.meta.url);
const read = (name: string): Promise<string> => readFile(new URL(name, bundled), "utf8");
const rows = async <Row>(name: string): Promise<Row[]> =>
  (await read(name))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);

test("the seed gives the bundled data files byte for byte", async () => {
  const made = datasets(SEED);
  expect(made["triplets.jsonl"]).toBe(await read("triplets.jsonl"));
  expect(made["sts.jsonl"]).toBe(await read("sts.jsonl"));
});

test("no evaluation sentence occurs in the triplets", async () => {
  const training = (await rows<Triplet>("triplets.jsonl")).flatMap((row) => [
    row.query,
    row.positive,
    row.negative,
  ]);
  const evaluation = (await rows<ScoredPair>("sts.jsonl")).flatMap((row) => [row.sentence1, row.sentence2]);
  const seen = new Set(training);
  expect(evaluation.filter((text) => seen.has(text))).toEqual([]);
});

test("query, positive and negative of a triplet are three sentences", async () => {
  for (const { query, positive, negative } of await rows<Triplet>("triplets.jsonl")) {
    expect(new Set([query, positive, negative]).size).toBe(3);
  }
});

test("evaluation scores cover the whole scale", async () => {
  const scores = (await rows<ScoredPair>("sts.jsonl")).map(({ score }) => score);
  for (const low of [0, 1, 2, 3, 4]) {
    const high = low === 4 ? 5.1 : low + 1;
    expect(scores.filter((score) => score >= low && score < high).length / scores.length).toBeGreaterThan(
      0.02,
    );
  }
  expect(Math.min(...scores)).toBe(0);
  expect(Math.max(...scores)).toBe(5);
});

test("common words do not give the positive away", async () => {
  const triplets = await rows<Triplet>("triplets.jsonl");
  const easy = triplets.filter((row) => overlap(row.query, row.positive) > overlap(row.query, row.negative));
  expect(easy.length / triplets.length).toBeLessThan(0.4);
});

const tokenizer = async (): Promise<Tokenizer> =>
  parseTokenizer(await read("model/tokenizer.json"), await read("model/tokenizer_config.json"));

test("the bundled model is a small Llama whose weights are finite and fill the config", async () => {
  const checkpoint = await openCheckpoint(fileURLToPath(new URL("model", bundled)));
  try {
    expect(checkpoint.config.layers).toBe(MODEL.layers);
    expect(checkpoint.parameters).toBeGreaterThan(2e6);
    expect(checkpoint.bytes).toBeLessThan(10e6);
    for (const name of checkpoint.tensors.keys()) {
      expect((await checkpoint.read(name)).every(Number.isFinite)).toBe(true);
    }
  } finally {
    await checkpoint.close();
  }
});

test("the tokenizer has exactly the ids that the embedding has rows", async () => {
  const { vocab } = (
    JSON.parse(await read("model/tokenizer.json")) as { model: { vocab: Record<string, number> } }
  ).model;
  const ids = Object.values(vocab).toSorted((left, right) => left - right);
  expect(ids).toEqual(Array.from({ length: MODEL.vocabularySize }, (_, id) => id));
});

test("the tokenizer reads any text, and what it learnt to read is short", async () => {
  const reader = await tokenizer();
  const rng = new Random(7, "tokenizer test");
  for (let round = 0; round < 50; round++) {
    const text = document(rng);
    expect(reader.encode(text).length).toBeLessThan(2.2 * text.split(" ").length + 4);
  }
  expect(reader.encode("Zürich sold “12” 船.").every((id) => id < MODEL.vocabularySize)).toBe(true);
});

test("evaluation sentences do not occur in the pretraining text", () => {
  const rng = new Random(3, "held out");
  const pairs = scoredPairs(rng, 300).flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]);
  const text = Array.from({ length: 3000 }, () => document(rng)).join(" ");
  expect(pairs.filter((sentence) => text.includes(sentence))).toEqual([]);
});
