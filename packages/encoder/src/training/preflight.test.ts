import { resolveTrainingSettings, type Triplet } from "@espalier/contract";
import { ofLayers } from "@espalier/model";
import { expect, test } from "vitest";
import { tinyEncoder, tinyLlama } from "../testing/tiny-encoder.ts";
import type { TrainingInputs } from "./inputs.ts";
import { preflight, preflightWarnings } from "./preflight.ts";

const words = ["cat", "dog", "sun", "rain", "sea", "tree", "red", "go"];
const row = (query: string, positive: string, ...negatives: string[]): Triplet => ({
  query,
  positive,
  negatives,
});
const distinct = words.map((word) => row(word, `the ${word}`, `not ${word}`));

const inputs = (triplets: readonly Triplet[], changed: object = {}, maxLength = 64): TrainingInputs => ({
  model: tinyEncoder(ofLayers(tinyLlama, 1)),
  triplets,
  settings: { ...resolveTrainingSettings(), steps: 2, batchSize: 4, ...changed },
  encoding: { pooling: "mean", pooled: "content", attention: "model", maxLength },
});

test("data that contradict nothing and fit have no warning", () => {
  const found = preflight(inputs(distinct));
  expect(found).toMatchObject({ batches: 2, rows: 8, contradicted: 0, texts: 24, cut: 0 });
  expect(preflightWarnings(found, 64)).toEqual([]);
});

test("rows whose positive is another's are counted where batches cannot keep them apart", () => {
  const found = preflight(inputs(words.map((word) => row(word, "same"))));
  expect(found).toMatchObject({ rows: 8, contradicted: 8 });
  expect(preflightWarnings(found, 64)).toEqual([
    "100 % of the rows have a false negative in their batch, a text that is also their positive; take out repeated rows, or choose a smaller batch",
  ]);
  const apart = [row("a", "same"), ...distinct, row("b", "same")];
  expect(preflight(inputs(apart)).contradicted).toBe(0);
});

test("a positive that is another row's negative contradicts it, and of bare texts a text that is there twice", () => {
  const triplets = [row("a", "x", "y"), row("b", "y"), row("c", "z"), row("d", "w")];
  expect(preflight(inputs(triplets, { steps: 1 })).contradicted).toBe(1);
  const bare = [row("a", "a"), row("a", "a"), row("b", "b"), row("c", "c")];
  expect(preflight(inputs(bare, { steps: 1, objective: "simcse" })).contradicted).toBe(2);
});

test("texts that are longer than what is encoded are counted, with the longest", () => {
  const long = "cat dog sun rain sea tree red go ".repeat(4).trim();
  const found = preflight(inputs([...distinct.slice(0, 7), row("long", long)], { hardNegatives: 0 }, 12));
  expect(found).toMatchObject({ texts: 16, cut: 1 });
  expect(found.longest).toBeGreaterThan(32);
  expect(preflightWarnings(found, 12)).toEqual([
    `6.3 % of the texts are longer than 12 tokens and are cut, the longest has ${found.longest}; encoding.maxLength says how many are encoded`,
  ]);
});

test("no more is looked at than the training computes, or than 32 batches", () => {
  const many = Array.from({ length: 400 }, (_, i) => row(`q${i}`, `p${i}`));
  expect(preflight(inputs(many, { steps: 3 })).batches).toBe(3);
  expect(preflight(inputs(many, { steps: 1000 })).batches).toBe(32);
});
