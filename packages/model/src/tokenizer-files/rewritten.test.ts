import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openModel } from "../checkpoint/open-model.ts";
import { truncateCheckpoint } from "../checkpoint/truncate.ts";
import { temporaryFolder, tinyConfig, writeTinyModel } from "../testing/tiny-model.ts";
import { loadTokenizer } from "../tokenizer/tokenizer.ts";
import { rewrittenTokenizer } from "./rewritten.ts";

/** A model with these files, and the one that is written from two of its layers. */
async function withCopy<Result>(
  files: Record<string, unknown>,
  use: (model: string, copy: string) => Promise<Result>,
): Promise<Result> {
  await using folder = await temporaryFolder();
  const [model, copy] = [join(folder.path, "model"), join(folder.path, "copy")];
  await writeTinyModel(model);
  for (const [name, content] of Object.entries(files))
    await writeFile(join(model, name), typeof content === "string" ? content : JSON.stringify(content));
  await truncateCheckpoint(model, copy, 2);
  return await use(model, copy);
}

const text = async (folder: string, name: string): Promise<string> =>
  await readFile(join(folder, name), "utf8");
const bytes = {
  model: { type: "BPE", vocab: { a: 0, "\u0120": 1, "\u0120a": 2, "<x>": 3 }, merges: ["\u0120 a"] },
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  added_tokens: [],
};

test("a tokenizer.json that says all itself is copied byte for byte", async () => {
  await withCopy({}, async (model, copy) => {
    for (const name of ["tokenizer.json", "tokenizer_config.json"])
      expect(await text(copy, name)).toBe(await text(model, name));
  });
});

test("tokens that tokenizer_config.json alone knows are in the tokenizer.json that is written", async () => {
  const config = { tokenizer_class: "PreTrainedTokenizerFast", additional_special_tokens: ["<x>"] };
  await withCopy({ "tokenizer.json": bytes, "tokenizer_config.json": config }, async (model, copy) => {
    expect(JSON.parse(await text(copy, "tokenizer.json"))).toMatchObject({
      added_tokens: [{ id: 3, content: "<x>", special: true }],
    });
    for (const folder of [model, copy])
      expect(Array.from((await loadTokenizer(folder)).encode("a<x>a"))).toEqual([0, 3, 0]);
  });
});

test("what releases 4 and 5 read differently is told, and written so that both read it alike", async () => {
  // Release 4 takes add_prefix_space for false where it is not there; release 5 leaves tokenizer.json alone.
  const config = { tokenizer_class: "PreTrainedTokenizerFast" };
  await withCopy({ "tokenizer.json": bytes, "tokenizer_config.json": config }, async (model, copy) => {
    const before = await loadTokenizer(model);
    expect(before.remarks).toEqual([expect.stringMatching(/differ in how they split texts; .* release 4/)]);
    const opened = await openModel(model);
    await opened.close();
    expect(opened.remarks).toEqual(expect.arrayContaining([...before.remarks]));
    const after = await loadTokenizer(copy);
    expect(after.remarks).toEqual([]);
    expect([before, after].map((tokenizer) => Array.from(tokenizer.encode("a")))).toEqual([[0], [0]]);
    expect(JSON.parse(await text(copy, "tokenizer_config.json"))).toMatchObject({ add_prefix_space: false });
  });
});

test("where release 5 has a tokenizer of its own for an architecture, it is told that no folder changes that", async () => {
  // DeepSeek-R1-Distill-Qwen is such a model. Seen with 4.57.6 and 5.24.0.
  const files = {
    "config.json": { ...tinyConfig, model_type: "qwen2" },
    "tokenizer.json": bytes,
    "tokenizer_config.json": { tokenizer_class: "PreTrainedTokenizerFast" },
  };
  await using folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder.path, name), JSON.stringify(content));
  for (const [name, content] of await rewrittenTokenizer(folder.path)) {
    const { remarks } = await loadTokenizer(folder.path);
    expect(remarks).toEqual([
      expect.stringMatching(
        /read so by release 4; by release 5 with `PreTrainedTokenizerFast.from_pretrained`/,
      ),
    ]);
    await writeFile(join(folder.path, name), content);
  }
  const config = await text(folder.path, "tokenizer_config.json");
  expect(JSON.parse(config)).toMatchObject({ tokenizer_class: "PreTrainedTokenizerFast" });
});

test("a longest text of 24.0 tokens is written as 24, which Python takes for a number of tokens", async () => {
  const config = '{"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 24.0}';
  await withCopy({ "tokenizer_config.json": config }, async (_model, copy) =>
    expect(await text(copy, "tokenizer_config.json")).toContain('"model_max_length": 24\n'),
  );
});

test.each(["special_tokens_map.json", "generation_config.json", "tokenizer_config.json", "config.json"])(
  "a byte order mark in %s is refused, as Python refuses it",
  async (name) => {
    await using folder = await temporaryFolder();
    const model = join(folder.path, "model");
    await writeTinyModel(model);
    const before = await readFile(join(model, name), "utf8").catch(() => "{}");
    await writeFile(join(model, name), `\ufeff${before}`);
    await expect(openModel(model)).rejects.toMatchObject({
      code: "checkpoint/malformed",
      message: expect.stringContaining("byte order mark") as string,
      facts: { file: name },
    });
  },
);
