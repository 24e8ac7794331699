import { Problem } from "@espalier/contract";
import type { RangeReader } from "../files/range-reader.ts";
import { dtypeBits, isDtype, type Dtype } from "./dtype.ts";
import { JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

/** The format allows headers of 100 MB; real ones stay below 1 MB. */
const maxHeaderBytes = 16 * 1024 * 1024;
const maxTensors = 100_000;
const maxNameLength = 512;
const maxRank = 16;

/** One tensor of one file. `offset` counts bytes from the start of the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** First byte of the tensor data: 8 + header length. */
  readonly dataStart: number;
}

function refuse(message: string, place: { tensor?: string; byte?: number }): never {
  throw new Problem("checkpoint/malformed", message, place);
}

/**
 * Length of the JSON header, from the first 8 bytes of the file, checked against the file's size before anything is
 * allocated for it.
 */
export function headerLength(prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8 || prefix.byteLength < 8)
    refuse(`a safetensors file has at least 8 bytes; this one has ${fileBytes}`, { byte: 0 });
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes))
    refuse(`the header claims ${length} bytes; at most ${maxHeaderBytes} are accepted`, { byte: 0 });
  if (8n + length > BigInt(fileBytes))
    refuse(`the header claims ${length} bytes, but the file ends after ${fileBytes}`, { byte: 0 });
  return Number(length);
}

/**
 * Parses and validates a safetensors header (github.com/huggingface/safetensors, "Format"), stricter than the format's
 * own readers where two readers could see two models: no key twice, no hole, no overlap, no byte left over.
 * Whitespace is tolerated on both ends of the JSON. Values are not looked at: see `scanNonFinite`.
 * @param json the header's bytes, without the 8 of its length
 * @param fileBytes size of the whole file
 * @throws {Problem} naming the rule, and the tensor or the byte
 */
export function parseHeader(json: Uint8Array, fileBytes: number): SafetensorsHeader {
  const root = parseRoot(json);
  if (root.size > maxTensors + 1) refuse(`more than ${maxTensors} tensors`, { byte: 8 });
  const dataStart = 8 + json.byteLength;
  const metadata = new Map<string, string>();
  const entries: TensorEntry[] = [];
  for (const [name, value] of root) {
    if (name === "__metadata__") readMetadata(value, metadata);
    else entries.push(readEntry(name, value, dataStart));
  }
  // Zero-sized tensors share their offset with the next tensor, so the end decides between equals.
  entries.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  for (const { name, offset, bytes } of entries) {
    if (offset > end)
      refuse(`a hole of ${offset - end} bytes lies before the tensor "${name}"`, { tensor: name, byte: end });
    if (offset < end)
      refuse(`the tensor "${name}" overlaps the one before it by ${end - offset} bytes`, {
        tensor: name,
        byte: offset,
      });
    end = offset + bytes;
  }
  if (end > fileBytes)
    refuse(`the tensors need ${end} bytes, but the file ends after ${fileBytes}: it is truncated`, {
      byte: fileBytes,
    });
  if (end < fileBytes) refuse(`${fileBytes - end} bytes follow the last tensor`, { byte: end });
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])), dataStart };
}

function parseRoot(json: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
  } catch {
    refuse("the header is not UTF-8", { byte: 8 });
  }
  let root: JsonValue;
  try {
    // The format nests three deep; the limit stops hostile headers before the stack does.
    root = parseJson(text, { maxDepth: 4, onlyIntegers: true });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    refuse(`the header is not the JSON that the format asks for: ${error.message}`, {
      byte: 8 + Buffer.byteLength(text.slice(0, error.position)),
    });
  }
  if (!(root instanceof Map)) refuse("the header is not a JSON object", { byte: 8 });
  return root;
}

function readMetadata(value: JsonValue, metadata: Map<string, string>): void {
  if (!(value instanceof Map)) refuse("__metadata__ is not an object", { byte: 8 });
  for (const [key, text] of value) {
    if (typeof text !== "string")
      refuse(`__metadata__ has a value that is not a string, under ${JSON.stringify(key)}`, { byte: 8 });
    metadata.set(key, text);
  }
}

const controlCharacter = /\p{Cc}/u;

function readEntry(name: string, value: JsonValue, dataStart: number): TensorEntry {
  if (name.length > maxNameLength || controlCharacter.test(name)) {
    const shown = JSON.stringify(name.slice(0, 80));
    refuse(
      `the tensor name ${shown} is longer than ${maxNameLength} characters or holds control characters`,
      { byte: 8 },
    );
  }
  const at = { tensor: name };
  if (!(value instanceof Map)) refuse(`the entry of "${name}" is not an object`, at);
  for (const key of value.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets")
      refuse(`the entry of "${name}" has the unknown key ${JSON.stringify(key)}`, at);
  }
  const dtype = value.get("dtype");
  if (typeof dtype !== "string" || !isDtype(dtype))
    refuse(`the dtype ${JSON.stringify(dtype ?? null)} of "${name}" is unknown`, at);
  const shape = integers(value.get("shape"), `the shape of "${name}"`, at);
  if (shape.length > maxRank)
    refuse(`"${name}" has ${shape.length} dimensions; at most ${maxRank} are accepted`, at);
  const offsets = integers(value.get("data_offsets"), `data_offsets of "${name}"`, at);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined)
    refuse(`data_offsets of "${name}" are not two numbers`, at);
  if (end < begin) refuse(`"${name}" ends at ${end}, before it begins at ${begin}`, at);
  if (!Number.isSafeInteger(dataStart + end)) refuse(`"${name}" ends beyond 2^53 bytes`, at);

  let bits = dtypeBits[dtype] as number;
  if (shape.includes(0)) bits = 0;
  else for (const size of shape) bits *= size;
  if (!Number.isSafeInteger(bits)) refuse(`the shape [${shape.join(", ")}] of "${name}" overflows`, at);
  if (bits % 8 !== 0) refuse(`"${name}" does not fill whole bytes`, at);
  if (end - begin !== bits / 8) {
    refuse(`"${name}" spans ${end - begin} bytes, but ${dtype} [${shape.join(", ")}] needs ${bits / 8}`, {
      ...at,
      byte: dataStart + begin,
    });
  }
  return { name, dtype, shape, offset: dataStart + begin, bytes: bits / 8 };
}

function integers(value: JsonValue | undefined, what: string, at: { tensor: string }): number[] {
  if (!Array.isArray(value)) refuse(`${what} is not a list`, at);
  return value.map((item) =>
    typeof item === "number" ? item : refuse(`${what} holds something that is not a number`, at),
  );
}

/** Reads and validates the header of a file; nothing else of the file is read. */
export async function readHeader(file: RangeReader): Promise<SafetensorsHeader> {
  const length = headerLength(await file.read(0, 8), file.size);
  const json = await file.read(8, length);
  if (json.byteLength < length)
    refuse("the file became shorter while its header was read", { byte: 8 + json.byteLength });
  return parseHeader(json, file.size);
}
