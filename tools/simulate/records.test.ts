import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRecords, TraceError, type TextRecord } from "./records.ts";

async function read(...chunks: string[]): Promise<TextRecord[]> {
  const found: TextRecord[] = [];
  for await (const record of readRecords(
    (async function* () {
      yield* chunks;
    })(),
  ))
    found.push(record);
  return found;
}
const parsed = async (...chunks: string[]): Promise<unknown[]> =>
  (await read(...chunks)).map(({ text }) => JSON.parse(text) as unknown);

const anything = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });

describe("records", () => {
  test("are those of a JSON array, however it is laid out and cut into chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        anything,
        fc.constantFrom(0, 2, "\t"),
        fc.integer({ min: 1, max: 9 }),
        async (list, space, size) => {
          const text = ` ${JSON.stringify(list, null, space)}\n`;
          const chunks = text.match(new RegExp(`[^]{1,${size}}`, "gu"))!;
          expect(await parsed(...chunks)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test("are the lines of a file that has one on each, without its empty lines", async () => {
    expect(await read('\uFEFF\n{"a":1}\r\n\n{"a":2}')).toMatchObject([
      { number: 1, line: 2 },
      { number: 2, line: 4 },
    ]);
    expect(await parsed('{"a":1}\n{"a":2}\n')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test("carry their number and the line on which they begin", async () => {
    expect(await read('[\n  {"a":\n 1},\n\n  {}, {"b": "}"}\n]')).toEqual([
      { number: 1, line: 2, text: '{"a":\n 1}' },
      { number: 2, line: 5, text: "{}" },
      { number: 3, line: 5, text: '{"b": "}"}' },
    ]);
  });

  test("that are broken leave the others whole, even where a quote is missing", async () => {
    const found = await read('[{"a": b},\n{"a": "b},\n"c": 1},\n{"d": 1}]');
    expect(found.map(({ line }) => line)).toEqual([1, 2, 4]);
    expect(() => JSON.parse(found[1]!.text) as unknown).toThrow(SyntaxError);
    expect(JSON.parse(found[2]!.text)).toEqual({ d: 1 });
  });

  test.each([
    ['[{"a": 1}, {"b": {"c": 1}', "record 2, which begins in line 1,"],
    ['[\n{"a": 1},', "record 1, which begins in line 2,"],
    ["[", "the list does not end"],
    ['[{"a": 1} oops]', 'line 1: "o" stands where'],
    ['[{"a": 1}]\n[]', 'line 2: "[" stands where'],
  ])("are refused from where nothing can be told: %s", async (text, message) => {
    await expect(read(text)).rejects.toThrow(TraceError);
    await expect(read(text)).rejects.toThrow(message);
  });

  test("do not grow without bound", async () => {
    await expect(read("[{", " ".repeat(5_000_000))).rejects.toThrow("record 1");
    await expect(read("x".repeat(5_000_000))).rejects.toThrow("record 1");
  });

  test("of an empty file are none", async () => {
    expect(await read("")).toEqual([]);
    expect(await read("[ ]")).toEqual([]);
  });
});
