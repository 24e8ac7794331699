import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VectorFormat } from "@espalier/contract/compute";

type Rows = AsyncIterable<readonly Float32Array[]>;

/** Vectors of `width` numbers as bytes, as they come. */
export const formatVectors: Record<
  VectorFormat,
  (rows: Rows, width: number) => AsyncGenerator<string | Uint8Array>
> = { json, f32, npy };

/** One array a line. Nine significant digits distinguish each float from its neighbours (IEEE 754-2019 §5.12.2). */
async function* json(rows: Rows): AsyncGenerator<string> {
  for await (const batch of rows)
    for (const vector of batch)
      yield `${JSON.stringify(Array.from(vector, (x) => Number(x.toPrecision(9))))}\n`;
}

/** Raw little-endian floats, row after row. */
async function* f32(rows: Rows): AsyncGenerator<Uint8Array> {
  for await (const batch of rows) yield Buffer.concat(batch.map(bytesOf));
}

const copyBytes = 1024 * 1024;

/**
 * One array of NumPy [rows, width]. Its header holds the number of rows, so that they wait in a file that has no name
 * and is gone with the process.
 */
async function* npy(rows: Rows, width: number): AsyncGenerator<Uint8Array> {
  const folder = tmpdir();
  const path = join(folder, `espalier-${randomUUID()}`);
  const spool = await open(path, "wx+", 0o600);
  await unlink(path);
  try {
    let count = 0;
    for await (const batch of rows) {
      await spool.appendFile(Buffer.concat(batch.map(bytesOf))).catch((error: unknown) => {
        throw Object.assign(error as Error, { path: folder });
      });
      count += batch.length;
    }
    yield npyHeader(count, width);
    for (let at = 0, end = count * width * 4; at < end;) {
      const { bytesRead, buffer } = await spool.read(
        new Uint8Array(Math.min(copyBytes, end - at)),
        0,
        undefined,
        at,
      );
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await spool.close();
  }
}

/** Format 1.0 of NumPy (NEP 1): magic, version, the length of a Python literal, and that, padded to 64 bytes in all. */
export function npyHeader(rows: number, width: number): Uint8Array {
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const magic = 10;
  const length = Math.ceil((magic + literal.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, " ");
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(length - magic, 8);
  header.write(literal, magic, "latin1");
  header.write("\n", length - 1, "latin1");
  return header;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
