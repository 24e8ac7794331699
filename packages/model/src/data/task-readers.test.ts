import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DatasetKind } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDataset } from "./dataset-rows.ts";
import type { ReadOptions } from "./rows.ts";
import { readTaskFolder } from "./task-folder.ts";

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
async function all(rows: AsyncIterable<object>): Promise<object[]> {
  const list: object[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
const read = (kind: DatasetKind, text: string, options?: ReadOptions) =>
  all(readDataset(kind, bytes(text), options));

test.each<[what: string, kind: DatasetKind, text: string, rows: object[]]>([
  [
    "candidates as lists",
    "reranking",
    '{"query":"q","positive":["a","b"],"negative":["c"]}',
    [{ query: "q", positives: ["a", "b"], negatives: ["c"] }],
  ],
  [
    "candidates in columns",
    "reranking",
    "query,positive,negative_1,negative_2\nq,a,b,c\n",
    [{ query: "q", positives: ["a"], negatives: ["b", "c"] }],
  ],
  [
    "labels that are numbers",
    "classification",
    '{"text":"a","label":3,"split":"train"}\n{"text":"b","label":0}\n',
    [
      { text: "a", label: "3", split: "train" },
      { text: "b", label: "0" },
    ],
  ],
  [
    "the split of a validation set",
    "classification",
    "text,category,split\nhello,greeting,validation\n",
    [{ text: "hello", label: "greeting", split: "test" }],
  ],
  [
    "a set in each row",
    "clustering",
    '{"sentences":["a","b"],"labels":["x","y"]}\n{"sentences":["c"],"labels":[1]}\n',
    [
      { text: "a", label: "x", set: "1" },
      { text: "b", label: "y", set: "1" },
      { text: "c", label: "1", set: "2" },
    ],
  ],
  ["texts to cluster", "clustering", "text\tlabel\na\tx\n", [{ text: "a", label: "x" }]],
  [
    "pairs as lists",
    "pair-classification",
    '{"sent1":["a","b"],"sent2":["c","d"],"labels":[1,0]}',
    [
      { sentence1: "a", sentence2: "c", label: 1 },
      { sentence1: "b", sentence2: "d", label: 0 },
    ],
  ],
  [
    "translations",
    "bitext-mining",
    "sentence1\tsentence2\nja\tyes\n",
    [{ sentence1: "ja", sentence2: "yes" }],
  ],
  [
    "a retrieval task in one file",
    "retrieval",
    '{"document":{"id":1,"text":"d"}}\n{"query":{"id":"q","text":"t"}}\n{"judgement":{"queryId":"q","documentId":"1","grade":2}}\n',
    [
      { document: { id: "1", text: "d" } },
      { query: { id: "q", text: "t" } },
      { judgement: { queryId: "q", documentId: "1", grade: 2 } },
    ],
  ],
])("%s are read, and read again as they are stored", async (_, kind, text, rows) => {
  const found = await read(kind, text);
  expect(found).toEqual(rows);
  expect(await read(kind, found.map((row) => JSON.stringify(row)).join("\n"))).toEqual(rows);
});

test.each<[reason: string, kind: DatasetKind, text: string]>([
  ["line 1: there is no negative", "reranking", '{"query":"q","positives":["a"],"negatives":[]}'],
  ["line 2: label is missing", "classification", '{"text":"a","label":1}\n{"text":"b"}'],
  [
    'line 1: the split "all" is none of train, test',
    "classification",
    '{"text":"a","label":1,"split":"all"}',
  ],
  ["/label is no label: a text or a whole number", "classification", '{"text":"a","label":0.5}'],
  ["/labels is no list of 2, as /sentences is", "clustering", '{"sentences":["a","b"],"labels":["x"]}'],
  ['the label "2" is neither 0 nor 1', "pair-classification", '{"sentence1":"a","sentence2":"b","label":2}'],
  ["/sentence2 is empty", "bitext-mining", '{"sentence1":"a","sentence2":" "}'],
  ["it takes one of document, query and judgement", "retrieval", '{"text":"a"}'],
  ["/document/id is no id", "retrieval", '{"document":{"id":"","text":"a"}}'],
  ["the document has neither title nor text", "retrieval", '{"document":{"id":"1","text":" "}}'],
  [
    "/judgement/grade is no whole number",
    "retrieval",
    '{"judgement":{"queryId":"q","documentId":"d","grade":0.5}}',
  ],
  [
    'line 2: another query has the id "1"',
    "retrieval",
    '{"query":{"id":1,"text":"a"}}\n{"query":{"id":"1","text":"b"}}',
  ],
  [
    'line 2: there is no document "2"',
    "retrieval",
    '{"query":{"id":"q","text":"t"}}\n{"judgement":{"queryId":"q","documentId":"2","grade":1}}',
  ],
])("%s: the row is refused with its line", async (reason, kind, text) => {
  await expect(read(kind, text)).rejects.toMatchObject({
    code: "dataset/malformed",
    message: expect.stringContaining(reason) as string,
    facts: { line: expect.any(Number) as number },
  });
});

describe("folders", () => {
  let home = "";
  const write = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = await mkdtemp(join(home, "task-"));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  };
  beforeAll(async () => void (home = await mkdtemp(join(tmpdir(), "espalier-"))));
  afterAll(() => rm(home, { recursive: true }));

  const beir = {
    "corpus.jsonl": '{"_id":"d1","title":"T","text":"one"}\n{"_id":"d2","title":"","text":"two"}\n',
    "queries.jsonl": '{"_id":"q1","text":"first","metadata":{}}\n{"_id":"q2","text":"of another split"}\n',
    "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td2\t1\n",
    "qrels/dev.tsv": "q2 0 d1 2\n",
  };

  test("BEIR's files give queries for which the split has judgements, the judgements, and all documents", async () => {
    const documents = [
      { document: { id: "d1", title: "T", text: "one" } },
      { document: { id: "d2", text: "two" } },
    ];
    const folder = await write(beir);
    expect(await all(readTaskFolder("retrieval", folder))).toEqual([
      { query: { id: "q1", text: "first" } },
      { judgement: { queryId: "q1", documentId: "d2", grade: 1 } },
      ...documents,
    ]);
    expect(await all(readTaskFolder("retrieval", folder, { split: "dev" }))).toEqual([
      { query: { id: "q2", text: "of another split" } },
      { judgement: { queryId: "q2", documentId: "d1", grade: 2 } },
      ...documents,
    ]);
  });

  test.each([
    ["corpus.jsonl", '{"_id":"d1","text":"one"}\n{"text":"two"}\n', "corpus.jsonl: line 2: /_id is no id"],
    ["queries.jsonl", "no JSON\n", "queries.jsonl: line 1: not valid JSON"],
    ["qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td2\tx\n", "qrels/test.tsv: line 2: it takes a query"],
    ["qrels/test.tsv", "q1\td9\t1\n", 'there is no document "d9"'],
  ])("a mistake in %s is told with its file and line", async (file, text, reason) => {
    const folder = await write({ ...beir, [file]: text });
    await expect(all(readTaskFolder("retrieval", folder))).rejects.toThrow(reason);
  });

  test("train and test of a folder give the splits, whatever their format", async () => {
    const folder = await write({
      "train.csv": "text,category\nhi,hello\n",
      "test.jsonl": '{"text":"bye","label":"end"}',
    });
    expect(await all(readTaskFolder("classification", folder))).toEqual([
      { text: "hi", label: "hello", split: "train" },
      { text: "bye", label: "end", split: "test" },
    ]);
    await expect(
      all(readTaskFolder("classification", await write({ "train.csv": "text,label\na,b\n" }))),
    ).rejects.toThrow("has no file test.jsonl");
  });
});
