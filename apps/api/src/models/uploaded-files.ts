import { isModelFile } from "@espalier/contract";
import type { ModelFiles, RangeReader } from "@espalier/model";
import type { Bytes, StoredFile } from "@espalier/store";

/** The files of an upload as those of a model, read by ranges where they are stored. */
export function uploadedFiles(bytes: Bytes, stored: readonly StoredFile[]): ModelFiles {
  const files = new Map(stored.filter(({ name }) => isModelFile(name)).map((file) => [file.name, file]));
  return {
    names: () => Promise.resolve(new Set(files.keys())),
    others: () => Promise.resolve(stored.map(({ name }) => name)),
    open: (name) => {
      const file = files.get(name);
      return Promise.resolve(file && readerOf(bytes, file));
    },
  };
}

const readerOf = (bytes: Bytes, { location, bytes: size }: StoredFile): RangeReader => ({
  size,
  async read(offset, length, into = new Uint8Array(length)) {
    const end = Math.min(size, offset + length);
    if (end <= offset) return into.subarray(0, 0);
    let done = 0;
    const stream = await bytes.open(location, { start: offset, end: end - 1 });
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      into.set(chunk, done);
      done += chunk.byteLength;
    }
    return into.subarray(0, done);
  },
  // Nothing stays open between two reads.
  close: () => Promise.resolve(),
});
