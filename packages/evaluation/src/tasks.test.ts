import { readFile } from "node:fs/promises";
import type { LabelledText, RetrievalRow } from "@espalier/contract";
import { describe, expect, test } from "vitest";
import { averagePrecision } from "./average-precision.ts";
import { LogisticRegression } from "./classification/logistic-regression.ts";
import { vMeasure } from "./clustering/v-measure.ts";
import { evaluateClustering } from "./clustering/clustering.ts";
import type { Embed } from "./embed.ts";
import { RandomState } from "./random-state.ts";
import { evaluateTask } from "./tasks.ts";

type Vectors = number[][];
type Metrics = Record<string, number>;
/** Written by tools/oracle/evaluation.py with numpy, scikit-learn and pytrec_eval. */
const golden = JSON.parse(await readFile(new URL("goldens/tasks.json", import.meta.url), "utf8")) as {
  randomState: { shuffledTwice: number[]; double: number };
  retrieval: {
    documents: Vectors;
    queries: Vectors;
    qrels: Record<string, Record<string, number>>;
    metrics: Metrics;
  };
  classification: {
    train: Vectors;
    trainLabels: number[];
    test: Vectors;
    testLabels: number[];
    metrics: Metrics;
    binary: number[];
  };
  clustering: {
    vectors: Vectors;
    labels: number[];
    mean: number;
    least: number;
    most: number;
    guess: number[];
    vMeasureOfGuess: number;
  };
  pairClassification: {
    one: Vectors;
    other: Vectors;
    labels: number[];
    metrics: Metrics;
    ties: number[];
    apOfTies: number;
  };
  bitext: { one: Vectors; other: Vectors; metrics: Metrics };
};

/** Texts are a name and a position, such as "query 3". */
const looksUp =
  (matrices: Readonly<Record<string, Vectors>>): Embed =>
  async (texts) =>
    texts.map((text) => {
      const [name = "", at] = text.split(" ");
      return Float32Array.from(matrices[name]![Number(at)]!);
    });

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

const closeTo = (metrics: Metrics, digits: number): Metrics =>
  Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, expect.closeTo(value, digits) as number]),
  );

test("numbers are drawn as numpy's RandomState draws them", () => {
  const items = Array.from({ length: 1000 }, (_, i) => i);
  new RandomState(42).shuffle(items);
  new RandomState(42).shuffle(items);
  expect(items).toEqual(golden.randomState.shuffledTwice);
  expect(new RandomState(7).double()).toBe(golden.randomState.double);
});

describe("retrieval", () => {
  const { documents, queries, qrels, metrics } = golden.retrieval;
  const rows: RetrievalRow[] = [
    ...documents.map((_, i) => ({ document: { id: `d${i}`, text: `document ${i}` } })),
    ...queries.map((_, i) => ({ query: { id: `q${i}`, text: `query ${i}` } })),
    ...Object.entries(qrels).flatMap(([queryId, graded]) =>
      Object.entries(graded).map(([documentId, grade]) => ({ judgement: { queryId, documentId, grade } })),
    ),
  ];
  const embed = looksUp({ document: documents, query: queries });

  test.each([1, 7, 2_048])("scores are trec_eval's, in blocks of %i documents", async (blockDocuments) => {
    const found = await evaluateTask("retrieval", () => each(rows), embed, { blockDocuments });
    expect(found.metrics).toEqual(closeTo(metrics, 9));
    expect(found.units.values).toHaveLength(8);
  });

  test("documents take the side of documents, with their titles, and queries that of queries", async () => {
    const asked: string[] = [];
    const small: RetrievalRow[] = [
      { query: { id: "1", text: "query 0" } },
      { query: { id: "2", text: "of another split" } },
      { document: { id: "1", title: "document", text: "0" } },
      { judgement: { queryId: "1", documentId: "1", grade: 1 } },
    ];
    const noting: Embed = (texts, side) => (
      asked.push(...texts.map((text) => `${side}: ${text}`)),
      embed(texts, side)
    );
    const { metrics: found } = await evaluateTask("retrieval", () => each(small), noting);
    expect(asked).toEqual(["query: query 0", "document: document 0"]);
    expect(found["ndcg_at_10"]).toBe(1);
    const { metrics: without } = await evaluateTask("retrieval", () => each(small), noting, {
      ignoreIdenticalIds: true,
    });
    expect(without["ndcg_at_10"]).toBe(0);
  });

  test.each<[reason: string, row: RetrievalRow]>([
    [
      'the document "d999", which is not there',
      { judgement: { queryId: "q1", documentId: "d999", grade: 1 } },
    ],
    ['the query "q999", which is not there', { judgement: { queryId: "q999", documentId: "d1", grade: 1 } }],
    ['two documents have the id "d1"', { document: { id: "d1", text: "document 1" } }],
    ['two queries have the id "q1"', { query: { id: "q1", text: "query 1" } }],
  ])("%s is refused", async (reason, row) => {
    await expect(evaluateTask("retrieval", () => each([...rows, row]), embed)).rejects.toThrow(reason);
  });
});

describe("classification", () => {
  const { train, trainLabels, test: tested, testLabels, metrics, binary } = golden.classification;
  const embed = looksUp({ train, test: tested });
  const rows: LabelledText[] = [
    ...train.map((_, i) => ({ text: `train ${i}`, label: `${trainLabels[i]!}`, split: "train" as const })),
    ...tested.map((_, i) => ({ text: `test ${i}`, label: `${testLabels[i]!}` })),
  ];

  test("the samples are mteb's, and the scores scikit-learn's within 0.2 points", async () => {
    const found = await evaluateTask("classification", () => each(rows), embed);
    expect(Math.abs(found.metrics["accuracy"]! - metrics["accuracy"]!)).toBeLessThan(0.002);
    expect(Math.abs(found.metrics["f1"]! - metrics["f1"]!)).toBeLessThan(0.002);
    expect(found.units.values).toHaveLength(200);
  });

  test("two classes have one row of weights, and are found as scikit-learn finds them", () => {
    const model = new LogisticRegression(
      train.map((vector) => Float32Array.from(vector)),
      trainLabels.map((label) => (label < 2 ? 1 : 0)),
      2,
    );
    expect(tested.map((vector) => model.predict(Float32Array.from(vector)))).toEqual(binary);
  });

  test.each([
    ['no text has the split "train"', rows.filter(({ split }) => split !== "train")],
    ['every text has the split "train"', rows.filter(({ split }) => split === "train")],
    [
      'the label "9" has one text to train on',
      [...rows, { text: "train 0", label: "9", split: "train" as const }],
    ],
    ['no text to train on has the label "9"', [...rows, { text: "test 0", label: "9" }]],
    [
      "all texts to train on have the label",
      rows.filter(({ label, split }) => label === "0" || split !== "train"),
    ],
  ])("%s is refused", async (reason, wrong) => {
    await expect(evaluateTask("classification", () => each(wrong), embed)).rejects.toThrow(reason);
  });
});

describe("clustering", () => {
  const { vectors, labels, least, most, guess, vMeasureOfGuess } = golden.clustering;
  const rows = vectors.map((_, i) => ({ text: `vector ${i}`, label: `${labels[i]!}` }));
  const embed = looksUp({ vector: vectors });

  test("the v-measure is scikit-learn's", () => {
    expect(vMeasure(labels, guess)).toBeCloseTo(vMeasureOfGuess, 12);
    expect(vMeasure(labels, labels)).toBeCloseTo(1, 12);
    expect(
      vMeasure(
        labels,
        labels.map(() => 0),
      ),
    ).toBe(0);
  });

  test("clusterings of thirty seeds are as good as scikit-learn's of thirty seeds", async () => {
    let sum = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { metrics } = await evaluateClustering(rows, embed, { seed });
      expect(metrics["v_measure"]).toBeGreaterThanOrEqual(least - 0.05);
      expect(metrics["v_measure"]).toBeLessThanOrEqual(most + 0.05);
      sum += metrics["v_measure"]!;
    }
    expect(Math.abs(sum / 30 - golden.clustering.mean)).toBeLessThan(0.02);
  });

  test("each set is clustered by itself, and one with a single label is refused", async () => {
    const sets = rows.map((row, i) => ({ ...row, set: i % 2 === 0 ? "even" : "odd" }));
    const found = await evaluateTask("clustering", () => each(sets), embed);
    expect(found.units.values).toHaveLength(2);
    const alone = [...sets, { text: "vector 0", label: "1", set: "alone" }];
    await expect(evaluateTask("clustering", () => each(alone), embed)).rejects.toThrow('of the set "alone"');
  });
});

describe("pair classification", () => {
  const { one, other, labels, metrics, ties, apOfTies } = golden.pairClassification;
  const embed = looksUp({ one, other });
  const rows = one.map((_, i) => ({ sentence1: `one ${i}`, sentence2: `other ${i}`, label: labels[i]! }));

  test("the average precisions are scikit-learn's, those of equal scores too", async () => {
    const found = await evaluateTask("pair-classification", () => each(rows), embed);
    expect(found.metrics).toEqual(closeTo(metrics, 9));
    expect(averagePrecision(ties, labels)).toBeCloseTo(apOfTies, 12);
  });

  test("labels that are all the same are refused", async () => {
    const same = rows.map((row) => ({ ...row, label: 1 }));
    await expect(evaluateTask("pair-classification", () => each(same), embed)).rejects.toThrow(
      "every pair has the label 1",
    );
  });
});

test("bitext mining scores as scikit-learn's weighted averages over positions", async () => {
  const { one, other, metrics } = golden.bitext;
  const rows = one.map((_, i) => ({ sentence1: `one ${i}`, sentence2: `other ${i}` }));
  const found = await evaluateTask("bitext-mining", () => each(rows), looksUp({ one, other }));
  expect(found.metrics).toEqual(closeTo(metrics, 12));
});

describe("reranking", () => {
  const angles = (...degrees: number[]): Vectors =>
    degrees.map((degree) => [Math.cos((degree * Math.PI) / 180), Math.sin((degree * Math.PI) / 180)]);
  const embed = looksUp({ query: angles(0), near: angles(1, 20), far: angles(10, 30, 40) });
  const row = { query: "query 0", positives: ["near 0", "near 1"], negatives: ["far 0", "far 1", "far 2"] };

  test("candidates that answer stand first as far as they are nearer", async () => {
    // In order of their angles: 1 answers, 10 does not, 20 answers, 30 and 40 do not.
    const { metrics } = await evaluateTask("reranking", () => each([row]), embed);
    expect(metrics["map_at_1000"]).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(metrics["mrr_at_10"]).toBe(1);
  });

  test("a model that gives all texts one vector scores as little as is possible", async () => {
    const same: Embed = async (texts) => texts.map(() => Float32Array.of(1, 0));
    const { metrics } = await evaluateTask("reranking", () => each([row]), same);
    expect(metrics["map_at_1000"]).toBeCloseTo((1 / 4 + 2 / 5) / 2, 12);
  });

  test("a query without candidates of either sort is refused", async () => {
    const without = { ...row, negatives: [] };
    await expect(evaluateTask("reranking", () => each([row, without]), embed)).rejects.toThrow(
      "row 2 has no negatives",
    );
  });
});
