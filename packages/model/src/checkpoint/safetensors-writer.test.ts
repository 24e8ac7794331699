import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/tiny-model.ts";
import { headerLength, parseHeader } from "./safetensors.ts";
import { writeSafetensors, type TensorSource } from "./safetensors-writer.ts";

const tensor = (name: string, dtype: TensorSource["dtype"], bytes: number, shape = [1]): TensorSource => ({
  name,
  dtype,
  shape,
  chunks: () => [new Uint8Array(bytes).fill(name.length)],
});

test("every tensor is aligned to its dtype, whatever the order, the names and the metadata", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.safetensors");
  const tensors = [
    tensor("ünï", "U8", 1),
    tensor("__proto__", "F64", 8),
    tensor("b", "F32", 4),
    tensor("a", "F32", 0, [0]),
    tensor("c", "BF16", 2),
  ];
  const bytes = await writeSafetensors(
    path,
    tensors,
    new Map([
      ["format", "pt"],
      ["note", '"é"'],
    ]),
  );
  const file = await readFile(path);
  expect(bytes).toBe(file.byteLength);
  const length = headerLength(file, file.byteLength);
  expect(length % 8).toBe(0);
  const { tensors: read, metadata } = parseHeader(file.subarray(8, 8 + length), file.byteLength);
  expect([...read.keys()]).toEqual(["__proto__", "a", "b", "c", "ünï"]);
  expect(metadata.get("note")).toBe('"é"');
  for (const { offset, bytes: size } of read.values()) if (size > 0) expect(offset % size).toBe(0);
  expect(file[read.get("c")!.offset]).toBe(1);
});

test("the same tensors in another order give the same file", async () => {
  await using folder = await temporaryFolder();
  const [one, two] = [join(folder.path, "one"), join(folder.path, "two")];
  const tensors = [tensor("b", "F32", 4), tensor("a", "F16", 2), tensor("c", "F32", 4)];
  await writeSafetensors(one, tensors);
  await writeSafetensors(two, tensors.toReversed());
  expect(Buffer.compare(await readFile(one), await readFile(two))).toBe(0);
});

test.each([
  ["more bytes than its shape", [tensor("a", "F32", 8)]],
  ["lacks 2 bytes", [tensor("a", "F32", 2)]],
  ["two tensors of one name", [tensor("a", "F32", 4), tensor("a", "F32", 4)]],
])("a tensor of %s fails, and no file is left behind", async (message, tensors) => {
  await using folder = await temporaryFolder();
  await expect(writeSafetensors(join(folder.path, "a.safetensors"), tensors)).rejects.toThrow(message);
  expect(await readdir(folder.path)).toEqual([]);
});
