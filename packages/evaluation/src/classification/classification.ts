import { Problem, type LabelledText } from "@espalier/contract";
import { embedDistinct, type Embed } from "../embed.ts";
import { mean, type Measured } from "../measured.ts";
import { RandomState } from "../random-state.ts";
import { LogisticRegression } from "./logistic-regression.ts";

export interface ClassificationOptions {
  /** Training texts of each label; default 8, as in mteb. */
  readonly samplesPerLabel?: number;
  /** Trainings with other samples; default 10, as in mteb. */
  readonly experiments?: number;
  /** Default 42, as in mteb. */
  readonly seed?: number;
}

/**
 * Classification: how well a logistic regression on few embeddings of each label finds the labels of others. The main score is the mean
 * accuracy of ten trainings on eight texts of each label (`accuracy` of mteb's AbsTaskClassification). The samples are those that mteb
 * draws; the regression is solved further than scikit-learn's hundred steps may take it, so scores may differ by up to 0.2 points.
 * @throws {Problem} `dataset/malformed` without texts to train on or to test, with one label, a label with one text to train on, or a
 *   label to be found that no text to train on has; `training/diverged`
 */
export async function evaluateClassification(
  rows: readonly LabelledText[],
  embed: Embed,
  { samplesPerLabel = 8, experiments = 10, seed = 42 }: ClassificationOptions = {},
): Promise<Measured> {
  const training = rows.filter(({ split }) => split === "train");
  const test = rows.filter(({ split }) => split !== "train");
  const labels = checkLabels(training, test);
  const samples = draw(training, { samplesPerLabel, experiments, seed });
  const used = new Set(samples.flat());
  const vectorOf = await embedDistinct(
    [...[...used].map((i) => training[i]!.text), ...test.map(({ text }) => text)],
    "query",
    embed,
  );
  const gold = test.map(({ label }) => labels.get(label)!);
  const right = new Float64Array(test.length);
  const [accuracies, f1s]: [number[], number[]] = [[], []];
  for (const sample of samples) {
    const model = new LogisticRegression(
      sample.map((i) => vectorOf(training[i]!.text)),
      sample.map((i) => labels.get(training[i]!.label)!),
      labels.size,
    );
    const predicted = test.map(({ text }) => model.predict(vectorOf(text)));
    const hits = predicted.map((label, i) => (label === gold[i] ? 1 : 0));
    for (const [i, hit] of hits.entries()) right[i]! += hit / experiments;
    accuracies.push(mean(hits));
    f1s.push(macroF1(gold, predicted));
  }
  return {
    metrics: { accuracy: mean(accuracies), f1: mean(f1s) },
    units: { statistic: "mean", values: right },
  };
}

/** Numbers of the labels, in their order in the training texts. */
function checkLabels(
  training: readonly LabelledText[],
  test: readonly LabelledText[],
): ReadonlyMap<string, number> {
  const refuse = (reason: string): never => {
    throw new Problem("dataset/malformed", reason);
  };
  if (training.length === 0) refuse('no text has the split "train", so that nothing can be learnt');
  if (test.length === 0) refuse('every text has the split "train", so that nothing can be tested');
  const counts = new Map<string, number>();
  for (const { label } of training) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size < 2)
    refuse(`all texts to train on have the label ${JSON.stringify([...counts.keys()][0])}`);
  for (const [label, count] of counts)
    if (count < 2) refuse(`the label ${JSON.stringify(label)} has one text to train on; it takes two`);
  for (const { label } of test)
    if (!counts.has(label)) refuse(`no text to train on has the label ${JSON.stringify(label)}`);
  return new Map([...counts.keys()].map((label, i) => [label, i]));
}

/** The texts of each training, by their positions: the first of each label in an order that is shuffled anew each time. */
function draw(
  training: readonly LabelledText[],
  { samplesPerLabel, experiments, seed }: Required<ClassificationOptions>,
): number[][] {
  const order = training.map((_, i) => i);
  return Array.from({ length: experiments }, () => {
    new RandomState(seed).shuffle(order);
    const taken = new Map<string, number>();
    return order.filter((i) => {
      const { label } = training[i]!;
      const count = taken.get(label) ?? 0;
      if (count >= samplesPerLabel) return false;
      taken.set(label, count + 1);
      return true;
    });
  });
}

/** Mean over the labels that occur of F1, as scikit-learn's `f1_score(average="macro")`. */
function macroF1(gold: readonly number[], predicted: readonly number[]): number {
  const [hits, wanted, given] = [
    new Map<number, number>(),
    new Map<number, number>(),
    new Map<number, number>(),
  ];
  const count = (counts: Map<number, number>, label: number) =>
    counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const [i, label] of gold.entries()) {
    count(wanted, label);
    count(given, predicted[i]!);
    if (predicted[i] === label) count(hits, label);
  }
  const labels = [...new Set([...wanted.keys(), ...given.keys()])];
  return mean(
    labels.map(
      (label) => (2 * (hits.get(label) ?? 0)) / ((wanted.get(label) ?? 0) + (given.get(label) ?? 0)),
    ),
  );
}
