import { describe, expect, test } from "vitest";
import { safetensorsBytes } from "../testing/safetensors-bytes.ts";
import { Problem } from "@espalier/contract";
import { headerLength, parseHeader } from "./safetensors.ts";

function parse(file: Uint8Array) {
  const length = headerLength(file, file.byteLength);
  return parseHeader(file.subarray(8, 8 + length), file.byteLength);
}

function refusal(file: Uint8Array): Problem {
  try {
    parse(file);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const f32 = (shape: number[], begin: number, end: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("a valid file", () => {
  test("gives dtype, shape and absolute byte range of each tensor, in the order of the bytes", () => {
    const file = safetensorsBytes(
      { b: f32([2], 16, 24), a: f32([2, 2], 0, 16), __metadata__: { format: "pt" } },
      24,
    );
    const { tensors, metadata, dataStart } = parse(file);
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect(tensors.get("b")).toEqual({
      name: "b",
      dtype: "F32",
      shape: [2],
      offset: dataStart + 16,
      bytes: 8,
    });
    expect([...metadata]).toEqual([["format", "pt"]]);
  });

  test("may be empty, hold scalars and zero-sized tensors, and be padded with whitespace on both ends", () => {
    expect(parse(safetensorsBytes("{}")).tensors.size).toBe(0);
    const header = { none: f32([0, 7], 4, 4), scalar: f32([], 0, 4), tail: f32([1], 4, 8) };
    expect([...parse(safetensorsBytes(`\n ${JSON.stringify(header)}\t  `, 8)).tensors.keys()]).toEqual([
      "scalar",
      "none",
      "tail",
    ]);
  });

  test("may name tensors after properties of objects", () => {
    const header = `{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`;
    expect([...parse(safetensorsBytes(header, 2)).tensors.keys()]).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});

describe("a file is refused, with its byte or tensor, when", () => {
  const u8 = (size: number, begin: number, end: number) =>
    `{"dtype":"U8","shape":[${size}],"data_offsets":[${begin},${end}]}`;
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  test.each<[reason: string, file: Uint8Array, message: RegExp, place: object]>([
    ["it is shorter than 8 bytes", new Uint8Array(5), /at least 8 bytes/, { byte: 0 }],
    [
      "its header is longer than the file",
      new Uint8Array([200, 0, 0, 0, 0, 0, 0, 0, 123, 125]),
      /ends after 10/,
      { byte: 0 },
    ],
    [
      "its header length does not fit 53 bits",
      new Uint8Array(16).fill(255),
      /18446744073709551615/,
      { byte: 0 },
    ],
    [
      "its header is not UTF-8",
      new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]),
      /not UTF-8/,
      { byte: 8 },
    ],
    [
      "its header starts with a byte order mark",
      safetensorsBytes("\ufeff{}"),
      /JSON value was expected/,
      { byte: 8 },
    ],
    ["its header is not JSON", safetensorsBytes('{"a":}'), /JSON value was expected/, { byte: 13 }],
    ["its header is a list", safetensorsBytes("[]"), /not a JSON object/, { byte: 8 }],
    ["its header is nested deeply", safetensorsBytes(`{"a":${deep}}`), /deeper than 4/, { byte: 16 }],
    ["text follows the header", safetensorsBytes("{} {}"), /after the JSON value/, { byte: 11 }],
    [
      "a tensor is named twice",
      safetensorsBytes(`{"é":${u8(1, 0, 1)},"é":${u8(1, 1, 2)}}`, 2),
      /"é" twice/,
      { byte: 62 },
    ],
    [
      "a key is twice in a tensor's entry",
      safetensorsBytes(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`),
      /"dtype" twice/,
      { byte: 27 },
    ],
    [
      "two spellings name one tensor",
      safetensorsBytes(String.raw`{"a":${u8(1, 0, 1)},"\u0061":${u8(1, 1, 2)}}`, 2),
      /"a" twice/,
      {},
    ],
    ["an entry is a number", safetensorsBytes('{"a":1}'), /not an object/, { tensor: "a" }],
    [
      "an entry has another key",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}'),
      /unknown key "x"/,
      { tensor: "a" },
    ],
    [
      "an entry has no dtype",
      safetensorsBytes('{"a":{"shape":[0],"data_offsets":[0,0]}}'),
      /dtype null/,
      { tensor: "a" },
    ],
    [
      "a dtype is unknown",
      safetensorsBytes('{"a":{"dtype":"toString","shape":[0],"data_offsets":[0,0]}}'),
      /"toString"/,
      { tensor: "a" },
    ],
    ["metadata holds a number", safetensorsBytes('{"__metadata__":{"a":1}}'), /not a string/, { byte: 8 }],
    [
      "a dimension is negative",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}'),
      /-1/,
      {},
    ],
    [
      "a dimension is a fraction",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', 1),
      /1\.0/,
      {},
    ],
    [
      "a dimension is beyond 2^53",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,0]}}'),
      /2\^53/,
      {},
    ],
    [
      "its shape overflows",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
      /overflows/,
      { tensor: "a" },
    ],
    [
      "four-bit elements do not fill bytes",
      safetensorsBytes('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}', 1),
      /whole bytes/,
      { tensor: "a" },
    ],
    [
      "offsets end before they begin",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1),
      /before it begins/,
      { tensor: "a" },
    ],
    [
      "offsets are three",
      safetensorsBytes('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}', 1),
      /not two numbers/,
      { tensor: "a" },
    ],
    ["offsets and shape disagree", safetensorsBytes({ a: f32([2], 0, 4) }, 4), /needs 8/, { tensor: "a" }],
    [
      "tensors overlap",
      safetensorsBytes({ a: f32([1], 0, 4), b: f32([1], 2, 6) }, 6),
      /overlaps/,
      { tensor: "b" },
    ],
    [
      "tensors share bytes",
      safetensorsBytes({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, 4),
      /overlaps/,
      { tensor: "b" },
    ],
    [
      "a hole lies between tensors",
      safetensorsBytes({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12),
      /hole of 4 bytes/,
      { tensor: "b" },
    ],
    [
      "a hole lies before the first tensor",
      safetensorsBytes({ a: f32([1], 4, 8) }, 8),
      /hole of 4 bytes/,
      { tensor: "a" },
    ],
    ["it is truncated", safetensorsBytes({ a: f32([2], 0, 8) }, 7), /truncated/, {}],
    ["bytes follow the last tensor", safetensorsBytes({ a: f32([2], 0, 8) }, 9), /1 bytes follow/, {}],
    [
      "a name holds a control character",
      safetensorsBytes('{"a\\u0000":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      /control characters/,
      { byte: 8 },
    ],
    [
      "a name is very long",
      safetensorsBytes(`{"${"a".repeat(600)}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`),
      /longer than 512/,
      {},
    ],
  ])("%s", (_, file, message, place) => {
    const error = refusal(file);
    expect(error.code).toBe("checkpoint/malformed");
    expect(error.message).toMatch(message);
    expect(error.facts).toMatchObject(place);
  });

  test("its header is larger than 16 MiB, before anything is allocated", () => {
    const prefix = new Uint8Array(8);
    new DataView(prefix.buffer).setBigUint64(0, 90_000_000n, true);
    expect(() => headerLength(prefix, 2 ** 40)).toThrow(/at most 16777216/);
  });
});
