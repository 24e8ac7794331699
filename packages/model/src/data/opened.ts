import { createGunzip } from "node:zlib";
import { pipeline, Readable } from "node:stream";
import { Problem } from "@espalier/contract";

export type Bytes = AsyncIterable<Uint8Array>;

/** A file as what it is: Parquet, which is read by ranges, or UTF-8 without a byte order mark. */
export interface Opened {
  readonly kind: "parquet" | "text";
  readonly bytes: Bytes;
  /** The first bytes, 4096 where there are as many. */
  readonly start: Buffer;
}

const startBytes = 4096;

/** Files that are told by their first bytes and not read, with what to do. */
const foreign: readonly [magic: string, what: string][] = [
  ["504b0304", "a zip archive or a spreadsheet; unpack it, or save the sheet as CSV"],
  ["28b52ffd", "compressed by zstd; unpack it with `zstd -d`, or use gzip"],
  ["425a68", "compressed by bzip2; unpack it with `bunzip2`, or use gzip"],
  ["fd377a585a00", "compressed by xz; unpack it with `unxz`, or use gzip"],
  ["4152524f5731", "an Arrow file; write Parquet by `dataset.to_parquet(…)`"],
  ["ffffffff", "an Arrow stream, as datasets keeps its cache; write Parquet by `dataset.to_parquet(…)`"],
  // Protocols 2 to 5; pandas' is 5.
  ...["8002", "8003", "8004", "8005"].map((magic): [string, string] => [
    magic,
    "a Python pickle, which is never read; write JSON lines or Parquet",
  ]),
  ["53514c69746520666f726d6174", "an SQLite database; write its table as CSV"],
  ["894844460d0a", "an HDF5 file; write JSON lines or Parquet"],
  ["934e554d5059", "an array of NumPy; write JSON lines or Parquet"],
  ["d0cf11e0", "an old spreadsheet; save it as CSV"],
  ["25504446", "a PDF"],
  ["fffe0000", "UTF-32; save it as UTF-8"],
];

/**
 * Looks at the first bytes of a file, unpacks gzip and decodes UTF-16.
 * @param maxBytes of what is unpacked
 * @throws {Problem} `dataset/malformed` naming what the file is, where it is of a kind that is not read
 */
export async function openFile(bytes: Bytes, maxBytes = Infinity): Promise<Opened> {
  const { start, all } = await peek(bytes);
  if (starts(start, "1f8b")) return openFile(unpacked(all, maxBytes), maxBytes);
  if (start.subarray(0, 4).toString("latin1") === "PAR1") return { kind: "parquet", bytes: all, start };
  const found = foreign.find(([magic]) => starts(start, magic));
  if (found) throw new Problem("dataset/malformed", `The file is ${found[1]}.`);
  if (start.toString("latin1").startsWith("version https://git-lfs.github.com/spec/"))
    throw new Problem(
      "dataset/malformed",
      "The file is a Git LFS pointer, not the data itself; run `git lfs pull` where it was cloned.",
    );
  if (/^\s*<(!doctype html|html|\?xml)\b/i.test(start.toString("latin1")))
    throw new Problem(
      "dataset/malformed",
      "The file is a web page or XML, not the data itself; of the hub, download from /resolve/ and not from /blob/.",
    );
  const encoding = utf16(start);
  if (encoding !== undefined) return openFile(decoded(all, encoding));
  if (!starts(start, "efbbbf")) return { kind: "text", bytes: all, start };
  return { kind: "text", bytes: without(all, 3), start: start.subarray(3) };
}

const starts = (start: Buffer, magic: string): boolean =>
  start.subarray(0, magic.length / 2).toString("hex") === magic;

/** UTF-16 has a byte order mark, or, since files begin with ASCII here, a zero in each of its first characters. */
function utf16(start: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (starts(start, "fffe")) return "utf-16le";
  if (starts(start, "feff")) return "utf-16be";
  if (start.length < 4) return undefined;
  const [a, b, c, d] = start;
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return "utf-16le";
  return a === 0 && b !== 0 && c === 0 && d !== 0 ? "utf-16be" : undefined;
}

/** The first bytes of a stream, and the whole stream. */
async function peek(bytes: Bytes): Promise<{ start: Buffer; all: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (length < startBytes && !ended) {
    const { value, done } = await iterator.next();
    if (done === true) ended = true;
    else {
      held.push(Uint8Array.from(value));
      length += value.byteLength;
    }
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for (;;) {
        if (ended) return;
        const { value, done } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { start: Buffer.concat(held).subarray(0, startBytes), all: all() };
}

async function* without(bytes: Bytes, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    yield chunk.subarray(Math.min(left, chunk.byteLength));
    left -= Math.min(left, chunk.byteLength);
  }
}

async function* unpacked(bytes: Bytes, maxBytes: number): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // The error of either side is the reader's.
  pipeline(Readable.from(bytes, { objectMode: true }), gunzip, () => undefined);
  let length = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > maxBytes)
        throw new Problem("request/too-large", `The file may have at most ${maxBytes} bytes when unpacked.`);
      yield chunk;
    }
  } catch (error) {
    if (!/^(Z_|ERR_.*ZLIB)/.test((error as { code?: string }).code ?? "")) throw error;
    throw new Problem(
      "dataset/malformed",
      `The file is compressed by gzip and damaged: ${(error as Error).message}.`,
    );
  }
}

async function* decoded(bytes: Bytes, encoding: "utf-16le" | "utf-16be"): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }));
    yield Buffer.from(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Problem("dataset/malformed", "The file looks like UTF-16 and is damaged; save it as UTF-8.");
  }
}
