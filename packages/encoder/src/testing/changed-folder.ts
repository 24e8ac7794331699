import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openFile, readHeader, writeSafetensors, type TensorSource } from "@espalier/model";

const folders = new URL("./folders/", import.meta.url);

/** A model folder of a test, which is removed when the test ends, as `await using`. */
export class ChangedFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param from one of the small models beside this file */
  static async of(from: "decoder" | "bert" | "gemma3"): Promise<ChangedFolder> {
    const folder = new ChangedFolder(await mkdtemp(join(tmpdir(), "espalier-")));
    await folder.add(from);
    return folder;
  }

  /** Copies the files of one of the folders beside this file. */
  async add(from: string, into = ""): Promise<void> {
    const source = new URL(`${from}/`, folders);
    await mkdir(join(this.path, into), { recursive: true });
    for (const name of await readdir(source))
      await copyFile(new URL(name, source), join(this.path, into, name));
  }

  /** Writes a file, as text or as JSON. */
  async write(name: string, content: unknown): Promise<void> {
    await mkdir(dirname(join(this.path, name)), { recursive: true });
    await writeFile(
      join(this.path, name),
      typeof content === "string" ? content : JSON.stringify(content, null, 2),
    );
  }

  /** Changes the text of a file. */
  async change(name: string, change: (text: string) => string): Promise<void> {
    await this.write(name, change(await readFile(join(this.path, name), "utf8")));
  }

  /** Changes fields of a JSON file; undefined takes one out. */
  async set(name: string, fields: Record<string, unknown>): Promise<void> {
    await this.change(name, (text) =>
      JSON.stringify({ ...(JSON.parse(text) as object), ...fields }, null, 2),
    );
  }

  /**
   * Writes the weights again under other names, in one file or several.
   * @param more tensors that are added: a shape for each name
   */
  async weights(
    rename: (name: string) => string,
    more: Record<string, number[]> = {},
    files = ["model.safetensors"],
  ): Promise<string[]> {
    const path = join(this.path, "model.safetensors");
    const reader = await openFile(path);
    const { tensors } = await readHeader(reader);
    const sources: TensorSource[] = [];
    for (const { name, shape, offset, bytes } of tensors.values()) {
      const data = await reader.read(offset, bytes);
      sources.push({ name: rename(name), dtype: "F32", shape, chunks: () => [data] });
    }
    await reader.close();
    await rm(path);
    for (const [name, shape] of Object.entries(more)) {
      const data = new Uint8Array(4 * shape.reduce((product, size) => product * size, 1));
      sources.push({ name, dtype: "F32", shape, chunks: () => [data] });
    }
    const each = Math.ceil(sources.length / files.length);
    for (const [i, file] of files.entries())
      await writeSafetensors(join(this.path, file), sources.slice(i * each, (i + 1) * each));
    return sources.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
