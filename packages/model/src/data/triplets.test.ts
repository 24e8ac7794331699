import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isProblem, type Triplet } from "@espalier/contract";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { chunked, collect } from "../testing/streams.ts";
import { jsonLines } from "./normalise.ts";
import { readTriplets } from "./triplets.ts";

const read = (text: string | Uint8Array, size?: number) => collect(readTriplets(chunked(text, size)));

test("each spelling of the fields means the same triplet", async () => {
  const lines = [
    { query: "q", positive: "p", negatives: ["n"] },
    { query: "q", pos: ["p"], neg: "n", pos_scores: [1], type: "x" },
    { query: "q", positive: ["p"], negative: ["n"], prompt: "" },
  ];
  const triplet: Triplet = { query: "q", positive: "p", negatives: ["n"] };
  expect(await read(lines.map((line) => JSON.stringify(line)).join("\n"))).toEqual([
    triplet,
    triplet,
    triplet,
  ]);
  expect(await read('{"query":"q","pos":"p","prompt":"tell","task":"t"}')).toEqual([
    { query: "q", positive: "p", negatives: [], instruction: "tell", task: "t" },
  ]);
});

test("a line with several positives gives one triplet for each", async () => {
  const triplets = await read('{"query":"q","pos":["a","b"],"neg":["n","m"]}\n');
  expect(triplets.map(({ positive, negatives }) => [positive, negatives])).toEqual([
    ["a", ["n", "m"]],
    ["b", ["n", "m"]],
  ]);
});

test("a byte order mark, carriage returns and torn characters do not change a text", async () => {
  const text = '\ufeff{"query":"é 東京 👩‍🚀","pos":"p"}\r\n{"query":"\\u2028","pos":" p "}\r\n';
  const expected = ["é 東京 👩‍🚀", "\u2028 "];
  await expect(read(text, 1)).rejects.toMatchObject({
    code: "dataset/malformed",
    facts: { line: 2, field: "/query" },
  });
  expect((await read(text.replace("\\u2028", "\\u2028x"), 1)).map(({ query }) => query)).toEqual([
    expected[0],
    "\u2028x",
  ]);
});

const good = '{"query":"q","pos":"p"}';
test.each<[reason: string, line: string | Uint8Array, message: RegExp, field?: string]>([
  ["text that is not JSON", '{"query":', /not valid JSON/],
  ["a list of what is no text", "[1]", /query is not a string/, "/query"],
  ["null", "null", /not a JSON object/],
  ["no query", '{"pos":"p"}', /query is missing/, "/query"],
  ["a query that is a number", '{"query":3,"pos":"p"}', /not a string/, "/query"],
  ["an empty query", '{"query":" ","pos":"p"}', /empty/, "/query"],
  ["no positive", '{"query":"q","postive":"p"}', /positive is missing .*"postive"/, "/positive"],
  ["a field that would be a prototype", '{"query":"q","__proto__":{"pos":"p"}}', /is missing/, "/positive"],
  ["rows by columns", '{"query":{"0":"q"},"pos":{"0":"p"}}', /orient='records'/, "/query"],
  ["an empty list of positives", '{"query":"q","pos":[]}', /no positive/, "/positive"],
  ["an empty negative in a list", '{"query":"q","pos":"p","neg":["n",""]}', /empty/, "/neg/1"],
  ["two spellings of one field", '{"query":"q","pos":"p","positive":"p"}', /twice/, "/positive"],
  ["bytes that are not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), /not UTF-8/],
])("%s is refused with its line and field", async (_, line, message, field) => {
  const file = Buffer.concat([Buffer.from(`${good}\n`), Buffer.from(line), Buffer.from(`\n${good}\n`)]);
  await expect(read(file)).rejects.toMatchObject({
    code: "dataset/malformed",
    message: expect.stringMatching(message),
    facts: field === undefined ? { line: 2 } : { line: 2, field },
  });
});

test("an empty file is refused, and a line without end before it fills memory", async () => {
  await expect(read("")).rejects.toMatchObject({ code: "dataset/empty" });
  async function* endless() {
    for (let i = 0; i < 1000; i++) yield new Uint8Array(65_536).fill(97);
    throw new Error("the whole stream was read");
  }
  await expect(collect(readTriplets(endless()))).rejects.toMatchObject({
    code: "dataset/malformed",
    facts: { line: 1 },
  });
});

test("normalised lines read back as the same triplets, and repeated rows are counted", async () => {
  const summary = { rows: 0, duplicates: 0 };
  const rows = readTriplets(chunked(`${good}\n{"query":"b","pos":["c","d"]}\n${good}`));
  const lines = await collect(jsonLines(rows, summary));
  expect(summary).toEqual({ rows: 4, duplicates: 1 });
  expect(await read(lines.join(""))).toEqual(lines.map((line) => JSON.parse(line) as unknown));
});

test("no line of JSON does anything but parse or be refused", async () => {
  const field = fc.constantFrom(
    "query",
    "pos",
    "positive",
    "neg",
    "negatives",
    "prompt",
    "task",
    "__proto__",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(field, fc.oneof(fc.string(), fc.jsonValue()), { maxKeys: 4 }),
      fc.nat(20),
      async (row, size) => {
        try {
          const triplets = await read(JSON.stringify(row), size + 1);
          return triplets.every(({ query, positive }) => query.trim() !== "" && positive.trim() !== "");
        } catch (error) {
          return isProblem(error);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("the real files read completely", async ({ skip }) => {
  const [nli, flag] = [sharedData("nli", "triplets.jsonl"), sharedData("triplets-flagembedding")];
  if (!nli || !flag) {
    skip(noSharedData);
    return;
  }
  expect(await collect(readTriplets(createReadStream(nli)))).toHaveLength(5875);
  const files = (await readdir(flag, { recursive: true })).filter((name) => name.endsWith(".jsonl"));
  expect(files).toHaveLength(9);
  for (const name of files) {
    const triplets = await collect(readTriplets(createReadStream(join(flag, name))));
    expect(triplets.length).toBeGreaterThanOrEqual(10);
  }
});
