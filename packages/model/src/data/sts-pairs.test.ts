import { createReadStream } from "node:fs";
import { expect, test } from "vitest";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { chunked, collect } from "../testing/streams.ts";
import type { ReadOptions } from "./rows.ts";
import { readStsPairs } from "./sts-pairs.ts";

const read = (text: string, format?: ReadOptions) => collect(readStsPairs(chunked(text), format));
const tsv = { format: "tsv", columns: "sentence1=2,sentence2=3,score=1" } as const;

test("pairs read from JSON lines and from TAB separated columns, quotes being text", async () => {
  const pair = { sentence1: 'a "b', sentence2: "c", score: 2.5 };
  expect(await read(JSON.stringify(pair))).toEqual([pair]);
  expect(await read('2.5\ta "b\tc\textra\r\n', tsv)).toEqual([pair]);
  expect(await read('score\tx\ty\n2.5\ta "b\tc', { ...tsv, header: true })).toEqual([pair]);
});

test.each<[reason: string, text: string, format: ReadOptions | undefined, message: RegExp, field: string]>([
  ["a missing score", '{"sentence1":"a","sentence2":"b"}', undefined, /score is missing/, "/score"],
  [
    "a score in words",
    '{"sentence1":"a","sentence2":"b","score":"three"}',
    undefined,
    /score is not a number/,
    "/score",
  ],
  ["an empty sentence", '{"sentence1":"a","sentence2":"","score":3}', undefined, /empty/, "/sentence2"],
  ["a header that is not said to be one", "score\ta\tb", tsv, /if the first line is a header/, "score"],
  ["too few columns", "3\ta", tsv, /2 columns/, "sentence2"],
  ["a score that is a word", "high\ta\tb", tsv, /"high" is not a number/, "score"],
  ["a score that is hexadecimal", "0x3\ta\tb", tsv, /not a number/, "score"],
  ["a score beyond all numbers", "1e999\ta\tb", tsv, /not a number/, "score"],
  ["an empty column", "3\t\tb", tsv, /empty/, "sentence1"],
])("%s is refused with its line and field", async (_, text, format, message, field) => {
  await expect(read(text, format)).rejects.toMatchObject({
    code: "dataset/malformed",
    message: expect.stringMatching(message),
    facts: { line: 1, field },
  });
});

test("a file of nothing but its header is empty", async () => {
  await expect(read("score\tx\ty\n", { ...tsv, header: true })).rejects.toMatchObject({
    code: "dataset/empty",
  });
});

test("columns are a list of positions or names, each given once", async () => {
  for (const list of [
    "score=5",
    "score=5,score=6,sentence1=1,sentence2=2",
    "score=1,sentence1=1,sentence2=2",
    "__proto__=1",
    "score=1,sentence1=2,sentence2=words",
  ])
    await expect(read("1\ta\tb\n", { format: "tsv", columns: list })).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field: "/columns" },
    });
});

test("STS-B and SICK read completely", async ({ skip }) => {
  const [stsb, sick] = [sharedData("sts-stsb"), sharedData("sts-sick2014")];
  if (!stsb || !sick) {
    skip(noSharedData);
    return;
  }
  const columns = "score=5,sentence1=6,sentence2=7";
  for (const [split, rows] of [
    ["train", 5749],
    ["dev", 1500],
    ["test", 1379],
  ] as const) {
    const pairs = await collect(
      readStsPairs(createReadStream(`${stsb}/sts-${split}.csv`), { format: "tsv", columns }),
    );
    expect(pairs).toHaveLength(rows);
    expect(pairs.every(({ score }) => score >= 0 && score <= 5)).toBe(true);
  }
  const format = {
    format: "tsv",
    columns: "sentence1=2,sentence2=3,score=4",
    header: true,
  } as const;
  for (const [file, rows] of [
    ["SICK_train", 4500],
    ["SICK_trial", 500],
    ["SICK_test_annotated", 4927],
  ] as const) {
    expect(await collect(readStsPairs(createReadStream(`${sick}/${file}.txt`), format))).toHaveLength(rows);
  }
});
