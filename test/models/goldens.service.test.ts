import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { StsPair, Triplet } from "@espalier/contract";
import {
  cosine,
  Encoder,
  l3prune,
  loadModel,
  nextTokenLogits,
  rotaryTables,
  type LoadedModel,
} from "@espalier/encoder";
import { evaluateTask } from "@espalier/evaluation";
import { readStsPairs, readTriplets } from "@espalier/model/data";
import { chooseEngine } from "@espalier/engine";
import { weight } from "@espalier/tensor";
import { describe, expect, test } from "vitest";
import { noSharedData, sharedData } from "../../packages/model/src/testing/shared-data.ts";

/** Real models, against figures that other implementations computed from the same files; within 1e-3 relative. */
const engine = chooseEngine("onnx-cpu");
const tolerance = 1e-3;

/** A folder with SmolLM2-135M-Instruct, 270 MB, which is made and not shipped. */
const smollm2 = process.env.ESPALIER_SMOLLM2;

const expectNear = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));

const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, "utf8")) as T;

/** Logits of the token that follows `ids`. */
async function lastLogits(model: LoadedModel, ids: ArrayLike<number>): Promise<Float32Array> {
  const logits = nextTokenLogits(model.config, weight);
  const executable = await engine.open({ logits }, model.weights);
  try {
    const run = await executable.run({
      ids: { dtype: "i32", shape: [1, ids.length], data: Int32Array.from(ids) },
      ...rotaryTables(model.config, ids.length),
    });
    return (run["logits"].data as Float32Array).slice(-model.config.vocabularySize);
  } finally {
    await executable.close();
  }
}

async function first<T>(count: number, rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) if (list.push(row) === count) break;
  return list;
}

describe("stories260K", () => {
  test("gives llama2.c's logits", async ({ skip }) => {
    const folder = sharedData("weights-stories260K", "derived-hf");
    if (folder === undefined) return skip(noSharedData);
    const golden = await readJson<{ ids: number[]; last_token_logits_first8: number[] }>(
      join(folder, "golden.json"),
    );
    const logits = await lastLogits(await loadModel(folder), golden.ids);
    for (const [i, expected] of golden.last_token_logits_first8.entries()) expectNear(logits[i], expected);
  });
});

describe("untrained, on STS-B dev, by the mean of the last state", () => {
  const figures = [
    ["weights-stories260K/derived-hf", [0.597, 0.587, 0.572, 0.556, 0.502]],
    ["weights-tinystories-656K", [0.624, 0.529]],
  ] as const;
  test.for(figures)("%s, at every depth", async ([path, expected], { skip }) => {
    const folder = sharedData(...path.split("/"));
    const sts = sharedData("sts-stsb", "sts-dev.csv");
    if (folder === undefined || sts === undefined) return skip(noSharedData);
    const columns = "score=5,sentence1=6,sentence2=7";
    const pairs: StsPair[] = await first(
      1500,
      readStsPairs(createReadStream(sts), { format: "tsv", columns }),
    );
    const model = await loadModel(folder);
    for (const [i, figure] of expected.entries()) {
      const encoder = new Encoder(model, {
        engine,
        pooling: "mean",
        pooled: "sequence", // the figures count the BOS in
      }).keep(i + 1);
      const { metrics } = await evaluateTask(
        "sts",
        () => Readable.from(pairs),
        (texts) => encoder.embed(texts),
      );
      await encoder.close();
      expect(Math.abs(metrics["spearman"] - figure)).toBeLessThan(6e-4);
    }
  });
});

describe("SmolLM2-135M-Instruct", () => {
  interface Golden {
    sentences: string[];
    ids: number[][];
    next_token: { sentence: string; top: [id: number, logit: number][] };
    depths: {
      layers: number;
      norms: number[];
      first8_of_sentence_0: number[];
      cos_0_1: number;
      cos_0_2: number;
    }[];
    search: { loss_by_layer: number[]; small: number; large: number };
  }
  const here = smollm2 === undefined ? undefined : sharedData("weights-smollm2-135m", "golden.json");
  const away = "its folder is not on this machine (ESPALIER_SMOLLM2)";

  test("predicts the next token as transformers does", async ({ skip }) => {
    if (here === undefined) return skip(away);
    const { next_token: expected } = await readJson<Golden>(here);
    const model = await loadModel(smollm2!);
    const logits = await lastLogits(
      model,
      model.tokenizer.encode(expected.sentence, { specialTokens: false }),
    );
    const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
    expect(order.slice(0, expected.top.length)).toEqual(expected.top.map(([id]) => id));
    for (const [id, logit] of expected.top) expectNear(logits[id], logit);
  });

  test("embeds the same vectors at every depth", async ({ skip }) => {
    if (here === undefined) return skip(away);
    const golden = await readJson<Golden>(here);
    const model = await loadModel(smollm2!);
    for (const depth of golden.depths) {
      const encoder = new Encoder(model, { engine }).keep(depth.layers);
      const vectors = await encoder.embed(golden.sentences);
      await encoder.close();
      for (const [i, norm] of depth.norms.entries()) expectNear(Math.hypot(...vectors[i]), norm);
      expectNear(cosine(vectors[0], vectors[1]), depth.cos_0_1);
      expectNear(cosine(vectors[0], vectors[2]), depth.cos_0_2);
      const scale = Math.max(...depth.first8_of_sentence_0.map(Math.abs));
      for (const [i, value] of depth.first8_of_sentence_0.entries())
        expect(Math.abs(vectors[0][i] - value)).toBeLessThan(tolerance * scale);
    }
  }, 300_000);

  test("gives the same search curve and picks", async ({ skip }) => {
    const rows = sharedData("nli", "triplets.jsonl");
    if (here === undefined || rows === undefined) return skip(away);
    const golden = await readJson<Golden>(here);
    const triplets: Triplet[] = await first(640, readTriplets(createReadStream(rows)));
    const encoder = await Encoder.load(smollm2!, { engine, maxLength: 128 });
    const result = await l3prune(encoder, triplets, {
      settings: { batchSize: 64, batches: 10, scale: 20, sampling: "in-order" },
    });
    for (const [i, loss] of golden.search.loss_by_layer.entries())
      expectNear(result.lossByLayer[i] ?? Number.NaN, loss);
    expect([result.small, result.large]).toEqual([golden.search.small, golden.search.large]);
  }, 600_000);
});
