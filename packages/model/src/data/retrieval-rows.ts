import type { RetrievalRow } from "@espalier/contract";
import type { Row } from "./columns.ts";
import type { Bytes } from "./opened.ts";
import { refuse } from "./reading.ts";
import { readRows, type ReadOptions } from "./rows.ts";

/** How many judgements are held until it is known whether all documents are there. */
const mostJudgements = 5_000_000;

/**
 * Reads a retrieval task from rows that each have one of `{document: {id, title?, text}}`, `{query: {id, text}}` and
 * `{judgement: {queryId, documentId, grade}}`, in any order. Ids are texts or whole numbers.
 * @throws {Problem} `dataset/malformed` for an id that is there twice and for a judgement of what is not there, with its line
 */
export async function* readRetrieval(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<RetrievalRow> {
  const [documents, queries] = [new Set<string>(), new Set<string>()];
  const judged: { row: Pick<Row, "number" | "unit">; queryId: string; documentId: string }[] = [];
  const add = (row: Row, ids: Set<string>, id: string, what: string) => {
    if (ids.has(id))
      refuse(row, `another ${what} has the id ${JSON.stringify(id.slice(0, 80))}`, `/${what}/id`);
    ids.add(id);
  };
  yield* readRows(bytes, "retrieval", options, (row) => {
    const read = retrievalRow(row);
    if ("document" in read) add(row, documents, read.document.id, "document");
    else if ("query" in read) add(row, queries, read.query.id, "query");
    else {
      const { queryId, documentId } = read.judgement;
      if (judged.length >= mostJudgements) refuse(row, `there are more than ${mostJudgements} judgements`);
      judged.push({ row: { number: row.number, unit: row.unit }, queryId, documentId });
    }
    return [read];
  });
  for (const { row, queryId, documentId } of judged) {
    if (!queries.has(queryId))
      refuse(row, `there is no query ${JSON.stringify(queryId.slice(0, 80))}`, "/judgement/queryId");
    if (!documents.has(documentId))
      refuse(row, `there is no document ${JSON.stringify(documentId.slice(0, 80))}`, "/judgement/documentId");
  }
}

function retrievalRow(row: Row): RetrievalRow {
  const found = [...row.values].map(([meaning, [value]]) => ({ meaning, value: value!.value }));
  const [only] = found;
  if (only === undefined || found.length > 1)
    refuse(row, "it takes one of document, query and judgement", "");
  const { meaning, value } = only;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(row, `/${meaning} is not an object`, `/${meaning}`);
  const fields = value as Readonly<Record<string, unknown>>;
  const words = (name: string): string => {
    const word = fields[name];
    if (typeof word !== "string") refuse(row, `/${meaning}/${name} is not a string`, `/${meaning}/${name}`);
    return word;
  };
  const id = (name: string): string => {
    const each = fields[name];
    if (Number.isSafeInteger(each)) return `${each as number}`;
    if (typeof each === "string" && each !== "") return each;
    return refuse(row, `/${meaning}/${name} is no id: a text or a whole number`, `/${meaning}/${name}`);
  };
  if (meaning === "document") {
    const title = fields["title"] === undefined || fields["title"] === null ? "" : words("title");
    const text = words("text");
    if (`${title}${text}`.trim() === "")
      refuse(row, "the document has neither title nor text", "/document/text");
    return { document: { id: id("id"), ...(title === "" ? {} : { title }), text } };
  }
  if (meaning === "query") {
    const text = words("text");
    if (text.trim() === "") refuse(row, "/query/text is empty", "/query/text");
    return { query: { id: id("id"), text } };
  }
  const { grade } = fields;
  if (!Number.isSafeInteger(grade)) refuse(row, "/judgement/grade is no whole number", "/judgement/grade");
  return { judgement: { queryId: id("queryId"), documentId: id("documentId"), grade: grade as number } };
}
