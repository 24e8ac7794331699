import { isProblem } from "@espalier/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { safetensorsBytes } from "../testing/safetensors-bytes.ts";
import { tinyConfig } from "../testing/tiny-model.ts";
import { modelTypes } from "../architectures/registry.ts";
import { parseConfig } from "./config.ts";
import { formatJson, parseJson } from "./json.ts";
import { headerLength, parseHeader } from "./safetensors.ts";
import { parseIndex } from "./shard-index.ts";

/** Cases for each of eight properties, more than 100,000 together; `ESPALIER_FUZZ_RUNS` asks for more. */
const numRuns = Number(process.env.ESPALIER_FUZZ_RUNS ?? 13_000);

/** Whether `work` ends with a value or with a Problem; any other error fails the property. */
function holds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (isProblem(error)) return true;
    throw error;
  }
}

const parse = (file: Uint8Array) => {
  const length = headerLength(file, file.byteLength);
  return parseHeader(file.subarray(8, 8 + length), file.byteLength);
};

const number = fc.oneof(fc.nat(16), fc.integer(), fc.double(), fc.constantFrom(2 ** 53, 2 ** 31, -0, 1e300));
const entry = fc.record(
  {
    dtype: fc.constantFrom<unknown>("F32", "BF16", "F4", "U8", "X", "__proto__", null, 4),
    shape: fc.oneof<fc.Arbitrary<unknown>[]>(fc.array(number, { maxLength: 4 }), fc.jsonValue()),
    data_offsets: fc.oneof<fc.Arbitrary<unknown>[]>(fc.tuple(number, number), fc.jsonValue()),
    extra: fc.jsonValue(),
  },
  { requiredKeys: ["dtype", "shape", "data_offsets"] },
);
const name = fc.oneof(fc.string(), fc.constantFrom("__metadata__", "__proto__", "constructor", "a"));
const header = fc.dictionary(name, fc.oneof<fc.Arbitrary<unknown>[]>(entry, fc.jsonValue()), { maxKeys: 5 });

test("no header of a safetensors file does anything but parse or be refused", () => {
  fc.assert(
    fc.property(header, fc.nat(64), (object, size) => holds(() => parse(safetensorsBytes(object, size)))),
    { numRuns },
  );
});

test("no bytes at all do anything but parse or be refused", () => {
  const bytes = fc.uint8Array({ maxLength: 80 });
  fc.assert(
    fc.property(bytes, (file) => holds(() => parse(file))),
    { numRuns },
  );
  fc.assert(
    fc.property(bytes, (json) => holds(() => parseHeader(json, json.byteLength + 8))),
    { numRuns },
  );
});

test("a valid file with one byte changed is refused, or means tensors that fill it exactly", () => {
  const valid = safetensorsBytes(
    {
      __metadata__: { format: "pt" },
      a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
      b: { dtype: "F16", shape: [3], data_offsets: [8, 14] },
    },
    14,
  );
  fc.assert(
    fc.property(fc.nat(valid.byteLength - 1), fc.nat(255), (at, byte) => {
      const file = valid.slice();
      file[at] = byte;
      return holds(() => {
        const { tensors, dataStart } = parse(file);
        const total = [...tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, dataStart);
        expect(total).toBe(file.byteLength);
      });
    }),
    { numRuns },
  );
});

test("no index and no config do anything but parse or be refused", () => {
  const map = fc.dictionary(
    fc.string(),
    fc.oneof(
      fc.string(),
      fc.constantFrom("../model-00001-of-00002.safetensors", "model-00001-of-00002.safetensors"),
    ),
  );
  const index = fc.record({
    metadata: fc.jsonValue(),
    weight_map: fc.oneof<fc.Arbitrary<unknown>[]>(map, fc.jsonValue()),
  });
  fc.assert(
    fc.property(index, (object) => holds(() => parseIndex(JSON.stringify(object)))),
    { numRuns },
  );
  const field = fc.constantFrom(
    ...Object.keys(tinyConfig),
    "head_dim",
    "rope_scaling",
    "rope_parameters",
    "layer_types",
    "sliding_window",
    "use_sliding_window",
    "max_window_layers",
    "no_rope_layers",
    "partial_rotary_factor",
    "query_pre_attn_scalar",
    "type_vocab_size",
    "dtype",
    "quantization_config",
  );
  const change = fc.dictionary(field, fc.oneof<fc.Arbitrary<unknown>[]>(fc.jsonValue(), number), {
    maxKeys: 3,
  });
  fc.assert(
    fc.property(change, fc.constantFrom(...modelTypes), (object, model_type) =>
      holds(() => parseConfig(JSON.stringify({ ...tinyConfig, model_type, ...object }))),
    ),
    { numRuns },
  );
  fc.assert(
    fc.property(fc.string(), (text) => holds(() => parseIndex(text)) && holds(() => parseConfig(text))),
    { numRuns },
  );
});

test("JSON means the same as to JSON.parse, and reads back as it was written", () => {
  const revive = (value: unknown): unknown =>
    value instanceof Map
      ? Object.fromEntries([...value].map(([key, item]) => [key, revive(item)]))
      : Array.isArray(value)
        ? value.map(revive)
        : value;
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), fc.constantFrom(0, 1, "\t"), (text, indent) => {
      const parsed: unknown = JSON.parse(text);
      const ours = parseJson(JSON.stringify(parsed, null, indent));
      expect(revive(ours)).toEqual(parsed);
      expect(parseJson(formatJson(ours))).toEqual(ours);
    }),
    { numRuns },
  );
});
