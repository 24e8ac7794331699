import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { architectureOf, openModel } from "@espalier/model";
import { expect, test } from "vitest";
import { temporaryFolder, writeTinyModel } from "../../../../packages/model/src/testing/tiny-model.ts";
import type { Bytes, StoredFile } from "../../../../packages/store/src/bytes/bytes.ts";
import { openDisk } from "../../../../packages/store/src/bytes/disk.ts";
import { uploadedFiles } from "./uploaded-files.ts";

/** A tiny model in a folder, and the same files in a byte store. */
async function uploaded(folder: string): Promise<{ model: string; bytes: Bytes; files: StoredFile[] }> {
  const model = join(folder, "model");
  await writeTinyModel(model);
  const bytes = await openDisk(join(folder, "store"));
  const files: StoredFile[] = [];
  for (const name of await readdir(model)) {
    const stored = await bytes.put(`uploads/u/x/${name}`, createReadStream(join(model, name)));
    files.push({ ...stored, name });
  }
  return { model, bytes, files };
}

test("a model in the byte store is the one that its folder is, and its weights are not read", async () => {
  await using folder = await temporaryFolder();
  const { model, bytes, files } = await uploaded(folder.path);
  let read = 0;
  const counting: Bytes = {
    ...bytes,
    open(location, range) {
      if (location.endsWith(".safetensors")) read += (range?.end ?? Infinity) + 1 - (range?.start ?? 0);
      return bytes.open(location, range);
    },
  };
  const [here, there] = [await openModel(model), await openModel(uploadedFiles(counting, files))];
  expect(architectureOf(there)).toEqual(architectureOf(here));
  const weights = files.find(({ name }) => name === "model.safetensors")!;
  expect(read).toBeLessThan(weights.bytes - there.bytes + 100);
  for (const name of here.tensors.keys()) expect(await there.read(name)).toEqual(await here.read(name));
  await here.close();
});

test("a range that goes beyond the end of a stored file is cut there", async () => {
  await using folder = await temporaryFolder();
  const { bytes, files } = await uploaded(folder.path);
  const config = (await uploadedFiles(bytes, files).open("config.json"))!;
  expect(config.size).toBe(files.find(({ name }) => name === "config.json")!.bytes);
  expect(String.fromCharCode(...(await config.read(config.size - 1, 10)))).toMatch(/^[}\n]$/);
  expect(await config.read(config.size, 10)).toHaveLength(0);
});

test("a stored file that is gone is artifact/corrupt, and one that was never uploaded checkpoint/incomplete", async () => {
  await using folder = await temporaryFolder();
  const { bytes, files } = await uploaded(folder.path);
  const fewer = files.filter(({ name }) => name !== "tokenizer.json");
  await expect(openModel(uploadedFiles(bytes, fewer))).rejects.toMatchObject({
    code: "checkpoint/incomplete",
    facts: { file: "tokenizer.json" },
  });
  await bytes.remove(files.find(({ name }) => name === "config.json")!.location);
  await expect(openModel(uploadedFiles(bytes, files))).rejects.toMatchObject({ code: "artifact/corrupt" });
});
