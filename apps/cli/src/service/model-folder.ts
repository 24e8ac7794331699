import { open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { chooseModelFiles, insteadOfFile, isModuleFile, nameFrom, Problem } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { listModuleFiles, listOthers, openModel } from "@espalier/model";

export interface ModelFile {
  name: string;
  path: string;
  bytes: number;
}

/**
 * The files of a Hugging Face folder that make the model; others, such as READMEs and code, stay behind. Headers, config
 * and tokenizer are checked as the service will check them, so that what it would refuse is not uploaded first.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function modelFiles(folder: string): Promise<ModelFile[]> {
  const info = await stat(folder);
  if (!info.isDirectory())
    throw new Problem(
      "checkpoint/incomplete",
      `${folder} is not a folder; ${insteadOfFile(basename(folder))}.`,
    );
  const chosen = chooseModelFiles([...(await listOthers(folder)), ...(await listModuleFiles(folder))]);
  const checkpoint = await openModel(folder);
  await checkpoint.close();
  const weights = new Set([...checkpoint.tensors.values()].map(({ file }) => file));
  // A shard that the index does not name is no part of the model.
  const names = chosen.filter(
    (name) => !name.endsWith(".safetensors") || isModuleFile(name) || weights.has(name),
  );
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { name, path, bytes: (await stat(path)).size };
    }),
  );
}

/** A name that the service accepts, from a file or folder name, without what tells a dataset's format. */
export function nameOf(path: string): string {
  const bare = basename(path).replace(/(?:\.(?:jsonl?|ndjson|tsv|csv|txt|parquet))?(?:\.gz)?$/i, "");
  const name = nameFrom(bare);
  if (name === "") throw new UsageError(`no name can be made of \`${basename(path)}\`; give one by --name`);
  return name;
}

/**
 * A file as a stream for `fetch`, reporting the bytes that were read. It is opened first, so that a file that cannot be read
 * is not taken for a service that does not answer.
 * @throws the system's error
 */
export async function streamFile(
  path: string,
  sent: (bytes: number) => void = () => undefined,
): Promise<ReadableStream<Uint8Array>> {
  const file = await open(path);
  // A folder can be opened and not read.
  if ((await file.stat()).isDirectory()) {
    await file.close();
    throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR", path });
  }
  return ReadableStream.from(
    (async function* () {
      for await (const chunk of file.createReadStream({ highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
        sent(chunk.byteLength);
        yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      }
    })(),
  );
}
