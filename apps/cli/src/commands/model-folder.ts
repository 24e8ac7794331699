import { createReadStream, type Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isModelFile, Problem, type Client, type Upload } from "@espalier/contract";
import { formatBytes } from "../terminal/format.ts";
import type { ProgressBars } from "../terminal/progress-bars.ts";

export interface ModelFile {
  name: string;
  path: string;
  bytes: number;
}

/** The files of a Hugging Face folder that make the model; others, such as READMEs and code, stay behind. */
export async function modelFiles(folder: string): Promise<ModelFile[]> {
  const info: Stats | undefined = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory())
    throw new Problem(
      "upload/incomplete",
      `${folder} is not a folder; give the Hugging Face folder that holds config.json.`,
    );
  const names = (await readdir(folder)).filter(isModelFile).sort();
  if (!names.includes("config.json"))
    throw new Problem(
      "upload/incomplete",
      `${folder} has no config.json; give the Hugging Face folder of the model.`,
      {
        file: "config.json",
      },
    );
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name, path, bytes: (await stat(path)).size };
    }),
  );
}

/** A name that the service accepts, from a file or folder name. */
export const nameFrom = (path: string): string =>
  basename(path)
    .replace(/\.[a-z0-9]+$/i, (extension) => (/^\.(jsonl?|tsv|csv|txt)$/i.test(extension) ? "" : extension))
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 128) || "unnamed";

/** A file as a stream for `fetch`, reporting the bytes that were read. */
export function streamFile(path: string, sent: (bytes: number) => void): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    (async function* () {
      for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
        sent(chunk.byteLength);
        yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      }
    })(),
  );
}

/** Uploads the files. An upload that fails is removed. */
export async function uploadModel(
  client: Client,
  files: readonly ModelFile[],
  sent: (bytes: number) => void,
): Promise<Upload> {
  const upload = await client.uploads.create();
  try {
    for (const file of files) await client.uploads.putFile(upload.id, file.name, streamFile(file.path, sent));
    return upload;
  } catch (error) {
    await client.uploads.remove(upload.id).catch(() => undefined);
    throw error;
  }
}

/** Shows how much of the files was sent; call it with the bytes of each chunk. */
export function uploadBar(bars: ProgressBars, files: readonly ModelFile[]): (bytes: number) => void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let sent = 0;
  return (bytes) => {
    sent += bytes;
    const fraction = sent / Math.max(1, total);
    bars.show([{ label: "upload", fraction, text: `${formatBytes(sent)} of ${formatBytes(total)}` }]);
  };
}
