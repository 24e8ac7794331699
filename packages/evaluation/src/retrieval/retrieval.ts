import { Problem, type Document, type RetrievalRow } from "@espalier/contract";
import { embedChecked, type Embed } from "../embed.ts";
import { means, type Measured } from "../measured.ts";
import { unitRows } from "../similarity.ts";
import { depths, rankingMetrics } from "./ranking-metrics.ts";
import { TopDocuments } from "./top-documents.ts";

export interface RetrievalOptions {
  /** Leaves out documents that have the id of the query, as mteb does for ArguAna; default false. */
  readonly ignoreIdenticalIds?: boolean;
  /** Documents that are embedded and compared at a time, which bounds the memory; default 2,048. */
  readonly blockDocuments?: number;
}

/** The queries of a retrieval dataset and what was judged for them; documents by their ids alone. */
interface Questions {
  readonly queries: Map<string, string>;
  /** By query, then by document. */
  readonly grades: Map<string, Map<string, number>>;
  readonly documentIds: string[];
}

/**
 * Retrieval: which documents of a corpus stand first for each query, by cosine. The main score is nDCG@10 (`ndcg_at_10` of mteb's
 * AbsTaskRetrieval), the mean over the queries for which something was judged. Documents are read twice and kept never: what is
 * held is the queries' vectors, one block of documents, the best 1,000 documents of each query, and all ids.
 * @param rows reads the rows from the start, in any order
 * @throws {Problem} `dataset/malformed` for a judgement of what is not there or an id that is there twice, `dataset/too-small`
 *   where nothing was judged, or `training/diverged`
 */
export async function evaluateRetrieval(
  rows: () => AsyncIterable<RetrievalRow>,
  embed: Embed,
  { ignoreIdenticalIds = false, blockDocuments = 2_048 }: RetrievalOptions = {},
): Promise<Measured> {
  const { queries, grades, documentIds } = await readQuestions(rows());
  const asked = [...queries.keys()].filter((id) => grades.has(id));
  if (asked.length === 0) throw new Problem("dataset/too-small", "no document is judged for any query");
  const vectors = unitRows(
    await embedChecked(
      asked.map((id) => queries.get(id)!),
      "query",
      embed,
    ),
  );
  const limit = Math.max(...depths);
  const best = asked.map(() => new TopDocuments(limit, (row) => documentIds[row]!));
  let first = 0;
  for await (const block of blocks(documentsOf(rows()), blockDocuments)) {
    const found = unitRows(await embedChecked(block.map(textOf), "document", embed));
    const width = found.length / block.length;
    for (const [q, top] of best.entries()) {
      const query = vectors.subarray(q * width, (q + 1) * width);
      for (let d = 0; d < block.length; d++) {
        if (ignoreIdenticalIds && block[d]!.id === asked[q]) continue;
        let score = 0;
        for (let k = 0, at = d * width; k < width; k++, at++) score += query[k]! * found[at]!;
        top.offer(first + d, score);
      }
    }
    first += block.length;
  }
  const perQuery = best.map((top, q) => {
    const judged = grades.get(asked[q]!)!;
    const ranked = top.ranked().map(({ row }) => judged.get(documentIds[row]!) ?? 0);
    return rankingMetrics(ranked, [...judged.values()]);
  });
  const columns = Object.fromEntries(
    Object.keys(perQuery[0]!).map((name) => [name, perQuery.map((metrics) => metrics[name]!)]),
  );
  return {
    metrics: means(columns),
    units: { statistic: "mean", values: Float64Array.from(columns["ndcg_at_10"]!) },
  };
}

/** What is embedded of a document: its title, where it has one, and its text. */
const textOf = ({ title, text }: Document): string =>
  title === undefined ? text : `${title} ${text}`.trim();

async function readQuestions(rows: AsyncIterable<RetrievalRow>): Promise<Questions> {
  const queries = new Map<string, string>();
  const grades: Questions["grades"] = new Map();
  const rowOf = new Map<string, number>();
  const judgements: { queryId: string; documentId: string; grade: number }[] = [];
  for await (const row of rows) {
    if ("query" in row) {
      const { id, text } = row.query;
      if (queries.has(id)) malformed(`two queries have the id ${JSON.stringify(id)}`);
      queries.set(id, text);
    } else if ("document" in row) {
      const { id } = row.document;
      if (rowOf.has(id)) malformed(`two documents have the id ${JSON.stringify(id)}`);
      rowOf.set(id, rowOf.size);
    } else judgements.push(row.judgement);
  }
  for (const { queryId, documentId, grade } of judgements) {
    if (!queries.has(queryId))
      malformed(`a judgement names the query ${JSON.stringify(queryId)}, which is not there`);
    if (!rowOf.has(documentId))
      malformed(`a judgement names the document ${JSON.stringify(documentId)}, which is not there`);
    const of = grades.get(queryId) ?? new Map<string, number>();
    grades.set(queryId, of.set(documentId, grade));
  }
  return { queries, grades, documentIds: [...rowOf.keys()] };
}

function malformed(reason: string): never {
  throw new Problem("dataset/malformed", reason);
}

async function* documentsOf(rows: AsyncIterable<RetrievalRow>): AsyncGenerator<Document> {
  for await (const row of rows) if ("document" in row) yield row.document;
}

async function* blocks<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let block: T[] = [];
  for await (const item of items) {
    block.push(item);
    if (block.length < size) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}
