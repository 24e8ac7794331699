import type { TaskRowOf, TaskType } from "@espalier/contract";
import { evaluateBitextMining } from "./bitext-mining.ts";
import { evaluateClassification, type ClassificationOptions } from "./classification/classification.ts";
import { evaluateClustering } from "./clustering/clustering.ts";
import type { Embed } from "./embed.ts";
import type { Measured } from "./measured.ts";
import { evaluatePairClassification } from "./pair-classification.ts";
import { evaluateReranking } from "./reranking.ts";
import { evaluateRetrieval, type RetrievalOptions } from "./retrieval/retrieval.ts";
import { evaluateSts } from "./sts.ts";

export interface TaskOptions extends RetrievalOptions, ClassificationOptions {}

interface Task<K extends TaskType> {
  /**
   * @param rows reads the rows from the start; a task may read them more than once
   * @throws {Problem} what the rows or the vectors do not allow
   */
  evaluate(rows: () => AsyncIterable<TaskRowOf[K]>, embed: Embed, options: TaskOptions): Promise<Measured>;
}

/** For tasks whose rows are all held at once. */
const whole =
  <Row>(evaluate: (rows: readonly Row[], embed: Embed, options: TaskOptions) => Promise<Measured>) =>
  async (rows: () => AsyncIterable<Row>, embed: Embed, options: TaskOptions): Promise<Measured> => {
    const all: Row[] = [];
    for await (const row of rows()) all.push(row);
    return evaluate(all, embed, options);
  };

const tasks: { readonly [K in TaskType]: Task<K> } = {
  sts: { evaluate: whole(evaluateSts) },
  retrieval: { evaluate: evaluateRetrieval },
  reranking: { evaluate: whole(evaluateReranking) },
  classification: { evaluate: whole(evaluateClassification) },
  clustering: { evaluate: whole(evaluateClustering) },
  "pair-classification": { evaluate: whole(evaluatePairClassification) },
  "bitext-mining": { evaluate: whole(evaluateBitextMining) },
};

/**
 * Measures embeddings on the rows of a task; all metrics by their names in mteb, and what each unit adds.
 * @throws {Problem} what the rows or the vectors do not allow
 */
export const evaluateTask = <K extends TaskType>(
  type: K,
  rows: () => AsyncIterable<TaskRowOf[K]>,
  embed: Embed,
  options: TaskOptions = {},
): Promise<Measured> => tasks[type].evaluate(rows, embed, options);
