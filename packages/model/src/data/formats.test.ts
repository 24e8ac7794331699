import { createReadStream } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Triplet } from "@espalier/contract";
import { chunked, collect } from "../testing/streams.ts";
import { Reading } from "./reading.ts";
import type { ReadOptions } from "./rows.ts";
import { readStsPairs } from "./sts-pairs.ts";
import { readTexts } from "./texts.ts";
import { readTriplets } from "./triplets.ts";

/** Made by tools/oracle/datasets/make_goldens.py. */
const golden = (name: string) => createReadStream(new URL(`goldens/${name}`, import.meta.url));
const triplets = async (content: string | Uint8Array, options?: ReadOptions, size?: number) =>
  collect(readTriplets(chunked(content, size), options));
const json = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const one: Triplet = { query: "q é", positive: "p 船", negatives: ["n"] };
const line = '{"query":"q é","pos":"p 船","neg":"n"}';

describe("fields are known by the names of the trade", () => {
  test.each<[names: string, row: object, negatives: string[]]>([
    ["sentence-transformers' triplets", { anchor: "q", positive: "p", negative: "n" }, ["n"]],
    ["its pairs", { anchor: "q", positive: "p" }, []],
    [
      "several negatives, in the order of their numbers",
      { anchor: "q", positive: "p", negative_10: "x", negative_2: "b", negative_1: "a" },
      ["a", "b", "x"],
    ],
    ["a negative and more of them", { query: "q", pos: ["p"], negative: "n", negative_1: "m" }, ["n", "m"]],
    ["null for no negative", { query: "q", pos: "p", neg: null }, []],
    ["null among negatives", { query: "q", pos: "p", neg: ["n", null], instruction: null }, ["n"]],
  ])("%s", async (_, row, negatives) => {
    expect(await triplets(json([row]))).toEqual([{ query: "q", positive: "p", negatives }]);
  });

  test.each<[string, string, Triplet[]]>(
    [
      [
        "arrays, one a line",
        '["q","p","n","m"]\n["r","s"]\n',
        [
          ["q", "p", ["n", "m"]],
          ["r", "s", []],
        ],
      ],
      [
        "arrays in an array",
        '[["q","p"], ["r","s","n"]]',
        [
          ["q", "p", []],
          ["r", "s", ["n"]],
        ],
      ],
      ["NaN for what Python does not have", '{"query":"q","pos":"p","neg":NaN,"id":NaN}', [["q", "p", []]]],
    ].map(([name, content, rows]) => [
      name as string,
      content as string,
      (rows as [string, string, string[]][]).map(([query, positive, negatives]) => ({
        query,
        positive,
        negatives,
      })),
    ]),
  )("%s", async (_, content, rows) => {
    expect(await triplets(content)).toEqual(rows);
  });

  test("positions count for rows without names, and a score may be written in digits", async () => {
    expect(await triplets('["p","x","q"]', { columns: "query=3,positive=1" })).toMatchObject([
      { query: "q", positive: "p", negatives: [] },
    ]);
    const pairs = collect(readStsPairs(chunked('["a","b","4.5"]\n["c","d",1]')));
    expect((await pairs).map(({ score }) => score)).toEqual([4.5, 1]);
  });

  test.each([
    ["how Python prints a dict", "{'query': 'q', 'pos': 'p'}", /write rows by json\.dumps/],
    ["a comma after each line", '{"query":"q","pos":"p"},\n{"query":"q","pos":"p"}', /without a comma/],
    ["TSV without a header", "q\tp\tn\n", /where columns have no names, give query .* query=1,positive=2/],
    ["rows in an object", '{"version":1,"data":[{"query":"q","pos":"p"}]}', /the list in "data": write that/],
    ["columns in lists", '{"query":["q"],"pos":["p"]}', /a list, and each row has a text/],
    ["columns between bars", "query|pos\nq|p", /by TABs, commas or semicolons/],
    ["half a character", '{"query":"\\ud800","pos":"p"}', /\/query has half a character/],
    ["NaN for a text", '{"query":"q","pos":NaN}', /positive is missing/],
  ])("%s is told with what helps", async (_, content, said) => {
    await expect(triplets(content)).rejects.toThrow(said);
  });

  test("a label is the score where there is no other", async () => {
    const row = { sentence1: "a", sentence2: "b", label: 4 };
    const read = (rows: object[], reading?: Reading) =>
      collect(readStsPairs(chunked(json(rows)), { reading }));
    expect(await read([row])).toEqual([{ sentence1: "a", sentence2: "b", score: 4 }]);
    const reading = new Reading();
    const [pair] = await read([{ ...row, score: 2 }], reading);
    expect([pair?.score, [...reading.ignored]]).toEqual([2, [["label", 1]]]);
  });

  test("other fields are ignored, and named with the number of rows that have them", async () => {
    const reading = new Reading();
    const row = { query: "q", pos: "p", id: 1, pos_scores: [1], ["__proto__x"]: 1 };
    await triplets(json([row, { query: "q", pos: "p", id: 2 }]), { reading });
    expect([...reading.ignored]).toEqual([
      ["id", 2],
      ["__proto__x", 1],
    ]);
  });

  test("columns say what a field means, over its name", async () => {
    const row = { question: "q", answer: "p", query: "no", distractor: "n" };
    const columns = "query=question,positive=answer,negative=distractor";
    expect(await triplets(json([row]), { columns })).toEqual([
      { query: "q", positive: "p", negatives: ["n"] },
    ]);
    await expect(triplets(json([{ question: "q" }]))).rejects.toMatchObject({
      message: expect.stringMatching(/query is missing \(query, or anchor\); here are "question"/) as string,
    });
  });
});

test("blank lines are skipped and counted, and lines keep their numbers", async () => {
  const reading = new Reading();
  expect(await triplets(`\n${line}\n \t\r\n${line}\n\n`, { reading })).toEqual([one, one]);
  expect(reading.blankLines).toBe(3);
  await expect(triplets(`\n\n{"query":1}`)).rejects.toMatchObject({ facts: { line: 3 } });
  await expect(triplets("\n \n")).rejects.toMatchObject({ code: "dataset/empty" });
  const pairs = collect(
    readStsPairs(chunked("3\ta\tb\n\n4\tc\td\n\n"), { columns: "score=1,sentence1=2,sentence2=3", reading }),
  );
  expect((await pairs).map(({ score }) => score)).toEqual([3, 4]);
  expect(reading.blankLines).toBe(5);
});

describe("a file is read as what it looks like", () => {
  const utf16 = (text: string) => Buffer.from(text, "utf16le");
  test.each<[what: string, content: string | Uint8Array]>([
    ["JSON lines", `${line}\n`],
    ["JSON lines after a byte order mark", `\ufeff${line}`],
    ["a JSON array", `[${line}]`],
    ["a JSON array over many lines", ` [\n${line.replaceAll(",", ",\n  ")}\n]\n`],
    ["gzip", gzipSync(`${line}\n`)],
    ["gzip in gzip", gzipSync(gzipSync(line))],
    ["UTF-16, little end first", utf16(`\ufeff${line}\n`)],
    ["UTF-16 without its mark", utf16(line)],
    ["UTF-16, big end first", utf16(`\ufeff${line}\n`).swap16()],
    ["UTF-16, big end first, without its mark", utf16(line).swap16()],
    ["CSV", "anchor,positive,negative\nq é,p 船,n\n"],
    [
      "CSV with quotes, after a byte order mark",
      '\ufeff"anchor","positive","negative"\r\n"q é","p 船","n"\r\n',
    ],
    ["CSV with semicolons", "positive;query;neg\np 船;q é;n\n"],
    ["TSV", "query\tpos\tneg\nq é\tp 船\tn\n"],
  ])("%s", async (_, content) => {
    for (const size of [1, 7, 65_536]) expect(await triplets(content, {}, size)).toEqual([one]);
  });

  test("an array of strings holds texts", async () => {
    const read = (content: string) => collect(readTexts(chunked(content)));
    expect(await read('["a, [b", "\\"]"]')).toEqual([{ text: "a, [b" }, { text: '"]' }]);
    expect(await read("id,text\n1,a\n")).toEqual([{ text: "a" }]);
    expect(await read("one, two\nthree\n")).toEqual([{ text: "one, two" }, { text: "three" }]);
  });

  test("cells of CSV may have quotes and line breaks, and an empty one is no negative", async () => {
    const content = 'anchor,positive,negative_1,negative_2\n"a ""b""","c\nd",,n\n';
    expect(await triplets(content)).toEqual([{ query: 'a "b"', positive: "c\nd", negatives: ["n"] }]);
  });

  test("commas in positions and with a header", async () => {
    const options = { columns: "sentence1=1,sentence2=2,score=3", header: true };
    const read = collect(
      readStsPairs(chunked("sentence1,sentence2,score\na boat,a ship,4.0\na kite,a lamp,0.5\n"), options),
    );
    expect((await read).map(({ score }) => score)).toEqual([4, 0.5]);
  });
});

test.each<[what: string, content: string | Uint8Array, message: RegExp]>([
  ["a zip archive", "PK\u0003\u0004 …", /zip archive or a spreadsheet/],
  ["zstd", Buffer.from("28b52ffd00", "hex"), /zstd -d/],
  ["an Arrow file", "ARROW1  ", /to_parquet/],
  ["a pickle of pandas", Buffer.from("80059500", "hex"), /pickle, which is never read/],
  ["SQLite", "SQLite format 3\0", /SQLite database/],
  ["a web page", "<!DOCTYPE html><html>Not found</html>", /web page.*\/resolve\//],
  ["CSV with a name twice", "query,pos,neg,neg\na,b,c,d\n", /two columns are called "neg"/],
  ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid …", /git lfs pull/],
  ["gzip that is cut off", gzipSync(line).subarray(0, 30), /gzip and damaged/],
  ["Parquet that is cut off", "PAR1 and no more", /not a whole Parquet file/],
  ["an array that is cut off", `[${line},`, /does not end/],
  ["an array with a hole", `[${line},,${line}]`, /nothing where item 2/],
  ["an array with something after it", `[${line}] ${line}`, /something after its end/],
  ["an object over many lines", `{\n"query": "q"\n}`, /one JSON array/],
  ["an array of lists", `[${line}, [1]]`, /item 2: \/query is not a string/],
  ["CSV in Latin-1", Buffer.from("query,pos\né,b\n", "latin1"), /not UTF-8/],
  ["CSV with a stray quote", 'query,pos\na "b,c\n', /line 2: not valid CSV/],
  ["CSV with too many columns", "query,pos\na,b,c\n", /line 2: it has 3 columns/],
  ["CSV of other columns", "question,answer\na,b\n", /query is missing .* "question", "answer"/],
])("%s is refused by what it is", async (_, content, message) => {
  await expect(triplets(content, {}, 64)).rejects.toMatchObject({
    code: "dataset/malformed",
    message: expect.stringMatching(message) as string,
  });
});

test("a small file that unpacks to a large one is refused before it fills memory", async () => {
  const bomb = gzipSync(Buffer.alloc(5_000_000, `${line}\n`));
  await expect(triplets(bomb, { maxBytes: 100_000 }, 65_536)).rejects.toMatchObject({
    code: "request/too-large",
  });
});

describe("what pandas and datasets write is read", () => {
  const rows: Triplet[] = [
    { query: 'a "red" boat', positive: "the boat is red", negatives: ["a blue boat"] },
    { query: "ein grünes Boot", positive: "das Boot ist grün", negatives: [] },
    { query: "船, 白い", positive: "白い船", negatives: ["a; b"] },
    { query: "a kite", positive: "line one\nline two", negatives: ["a lamp"] },
  ];
  test.each([
    ...["snappy", "zstd", "gzip", "brotli", "lz4", "none"].map((codec) => `pandas-${codec}.parquet`),
    "pandas.csv",
    "pandas-semicolon.csv",
    "pandas-records.json",
    "pandas-lines.jsonl.gz",
  ])("%s", async (name) => {
    const reading = new Reading();
    expect(await collect(readTriplets(golden(name), { reading }))).toEqual(rows);
    expect([...reading.ignored]).toEqual([
      ["id", 4],
      ["source", 4],
    ]);
  });

  test.each(["lists.parquet", "lists-v2.parquet"])("lists of negatives in %s", async (name) => {
    const read = await collect(readTriplets(golden(name)));
    expect(read).toHaveLength(25);
    expect(read.slice(11, 13)).toEqual([
      { query: "query 11", positive: "positive 11", negatives: ["negative 11"] },
      { query: "query 12", positive: "positive 12", negatives: [] },
    ]);
  });

  test("scores and texts in Parquet, and columns that are not there", async () => {
    expect(await collect(readStsPairs(golden("sts.parquet")))).toEqual([
      { sentence1: "a boat", sentence2: "a ship", score: 4 },
      { sentence1: "a kite", sentence2: "a lamp", score: 0.5 },
    ]);
    expect(await collect(readTexts(golden("texts.parquet")))).toEqual([{ text: "one" }, { text: "two" }]);
    await expect(collect(readTriplets(golden("sts.parquet")))).rejects.toMatchObject({
      message: expect.stringMatching(/query is missing .*"sentence1", "sentence2", "label"/) as string,
    });
    await expect(
      collect(readTriplets(golden("lists.parquet"), { columns: "query=anchor" })),
    ).rejects.toMatchObject({ message: expect.stringMatching(/no column "anchor"/) as string });
  });
});
