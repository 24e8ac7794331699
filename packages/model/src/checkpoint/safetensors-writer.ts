import type { FileHandle } from "node:fs/promises";
import { writeDurably } from "./durable.ts";
import { dtypeBits, type Dtype } from "./dtype.ts";

/** A tensor to write. Its little-endian bytes are asked for when their turn comes, so no more than a chunk is in memory. */
export interface TensorSource {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** A chunk may be overwritten once the next one is asked for. */
  readonly chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export const bytesOf = ({ dtype, shape }: TensorSource): number =>
  shape.reduce((product, size) => product * size, dtypeBits[dtype]) / 8;

/**
 * Writes a safetensors file: header padded to 8 bytes, tensors by falling alignment and then by name, so that every
 * tensor is aligned and the same tensors give the same bytes. The file appears whole or not at all.
 * @param metadata @default {format: "pt"}, which transformers asks for
 * @returns bytes of the file
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  metadata: ReadonlyMap<string, string> = new Map([["format", "pt"]]),
): Promise<number> {
  const sorted = tensors.toSorted(
    (a, b) => dtypeBits[b.dtype] - dtypeBits[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const names = new Set(sorted.map(({ name }) => name));
  if (names.size !== sorted.length) throw new Error("two tensors of one name");
  const header = headerOf(sorted, metadata);
  let position = header.byteLength;
  await writeDurably(path, async (file) => {
    await writeAll(file, header, 0);
    for (const tensor of sorted) {
      const end = position + bytesOf(tensor);
      for await (const chunk of tensor.chunks()) {
        if (position + chunk.byteLength > end)
          throw new Error(`"${tensor.name}" has more bytes than its shape`);
        await writeAll(file, chunk, position);
        position += chunk.byteLength;
      }
      if (position !== end) throw new Error(`"${tensor.name}" lacks ${end - position} bytes of its shape`);
    }
  });
  return position;
}

function headerOf(tensors: readonly TensorSource[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const pairs = [...metadata].map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`);
  const entries = [`"__metadata__":{${pairs.join(",")}}`];
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + bytesOf(tensor);
    const { name, dtype, shape } = tensor;
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = Buffer.from(`{${entries.join(",")}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  const header = Buffer.alloc(8 + length, " ");
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}
