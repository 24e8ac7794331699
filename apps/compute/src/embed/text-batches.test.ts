import { Problem } from "@espalier/contract";
import { expect, test } from "vitest";
import { atPlace, textBatches, type TextBatch } from "./text-batches.ts";

async function* stream(texts: Iterable<string>) {
  yield* texts;
}

async function all(batches: AsyncIterable<TextBatch>): Promise<TextBatch[]> {
  const list: TextBatch[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

test("batches hold at most so many texts, in order, each with the number of its first", async () => {
  expect(await all(textBatches(stream("abcde"), { texts: 2 }))).toEqual([
    { first: 1, texts: ["a", "b"] },
    { first: 3, texts: ["c", "d"] },
    { first: 5, texts: ["e"] },
  ]);
});

test("long texts end a batch early", async () => {
  const batches = await all(textBatches(stream(["aaa", "b", "cccc", "d"]), { texts: 100, characters: 4 }));
  expect(batches.map(({ texts }) => texts)).toEqual([["aaa", "b"], ["cccc"], ["d"]]);
});

test("no text is taken before its batch is asked for", async () => {
  let taken = 0;
  function* endless() {
    for (;;) yield `text ${++taken}`;
  }
  const batches = textBatches(stream(endless()), { texts: 10 });
  await batches.next();
  await batches.next();
  expect(taken).toBe(20);
});

test("no text at all is refused", async () => {
  await expect(all(textBatches(stream([])))).rejects.toMatchObject({ code: "dataset/empty" });
});

test("a problem with one text of a batch names its place among all", () => {
  const batch = { first: 1025, texts: [] };
  const problem = new Problem("text/empty", "it has no tokens", { field: "/4" });
  expect(atPlace(problem, batch, "line")).toMatchObject({
    code: "text/empty",
    message: "line 1029: it has no tokens",
    facts: { line: 1029 },
  });
  expect(atPlace(problem, batch, "text")).toMatchObject({
    message: "text 1029: it has no tokens",
    facts: {},
  });
  const other = new Problem("request/invalid", "no", { field: "/pooling" });
  expect(atPlace(other, batch, "line")).toBe(other);
});
