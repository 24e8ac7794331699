import { expect, test } from "vitest";
import { parseDatasetArgument } from "./dataset-argument.ts";

const parse = (text: string) => parseDatasetArgument(text, (given) => `/data/${given}`);

test("a file alone is JSON lines", () => {
  expect(parse("sts.jsonl")).toEqual({ path: "/data/sts.jsonl" });
});

test("columns make it a TSV, with a header line only when it is named", () => {
  const columns = "score=5,sentence1=6,sentence2=7";
  expect(parse(`sts-test.csv:${columns}`)).toEqual({ path: "/data/sts-test.csv", columns, header: false });
  expect(parse(`sick.txt:header,${columns}`)).toEqual({ path: "/data/sick.txt", columns, header: true });
});

test("columns are also told by the names that a file has", () => {
  expect(parse("pairs.parquet:score=label,sentence1=first")).toEqual({
    path: "/data/pairs.parquet",
    columns: "score=label,sentence1=first",
    header: false,
  });
});

test("a name comes before the file", () => {
  expect(parse("stsb=sts-test.csv:score=1,sentence1=2,sentence2=3")).toEqual({
    path: "/data/sts-test.csv",
    name: "stsb",
    columns: "score=1,sentence1=2,sentence2=3",
    header: false,
  });
});

test("columns of a file without a name are not taken for a name", () => {
  expect(parse("my.csv:score=1,sentence1=2").path).toBe("/data/my.csv");
  expect(parse("my.csv:score=1,sentence1=2")).not.toHaveProperty("name");
});
