import { mkdir, readFile, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { temporaryFolder, writeTinyModel, type TinyModelOptions } from "../testing/tiny-model.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { loadEmbedding } from "./embedding.ts";
import { openModel } from "./open-model.ts";
import { truncateCheckpoint } from "./truncate.ts";

const stories = sharedData("weights-stories260K", "derived-hf");
const headOnly = sharedData("weights-tinystories-656K");

test("a Llama checkpoint opens with its config, its weights by name, and their values", async ({ skip }) => {
  if (!stories) {
    skip(noSharedData);
    return;
  }
  const checkpoint = await openModel(stories);
  expect(checkpoint.config).toMatchObject({
    layers: 5,
    hiddenSize: 64,
    dtype: "F32",
  });
  expect(checkpoint.tensors.size).toBe(5 * 9 + 2);
  expect(checkpoint.prefix).toBe("model.");
  expect(checkpoint.bytes).toBe(checkpoint.parameters * 4);
  const tensor = checkpoint.tensors.get("layers.4.mlp.down_proj.weight")!;
  const file = await readFile(join(stories, tensor.file));
  const values = await checkpoint.read("layers.4.mlp.down_proj.weight");
  expect(values).toHaveLength(64 * 172);
  expect(values[1000]).toBe(file.readFloatLE(tensor.offset + 4000));
  await checkpoint.close();
});

test("an embedding that is stored only as the tied head is found through the metadata's alias", async ({
  skip,
}) => {
  if (!headOnly) {
    skip(noSharedData);
    return;
  }
  const checkpoint = await openModel(headOnly);
  expect(checkpoint.tensors.get("embed_tokens.weight")).toMatchObject({
    storedName: "lm_head.weight",
    shape: [2048, 128],
  });
  expect(checkpoint.tensors.has("lm_head.weight")).toBe(false);
  await checkpoint.close();
});

/** A small model, changed by `damage`, and what opening it says. */
async function opening(
  options: TinyModelOptions,
  damage: (directory: string) => Promise<unknown> = async () => {},
) {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "model");
  await writeTinyModel(directory, options);
  await damage(directory);
  const checkpoint = await openModel(directory);
  const names = [...checkpoint.tensors.keys()];
  await checkpoint.close();
  return names;
}

async function readNames(directory: string): Promise<string[]> {
  const checkpoint = await openCheckpoint(directory);
  await checkpoint.close();
  return [...checkpoint.tensors.keys()];
}

const index = "model.safetensors.index.json";
const shard = "model-00002-of-00002.safetensors";

const edit = (name: string, change: (text: string) => string) => async (directory: string) =>
  writeFile(join(directory, name), change(await readFile(join(directory, name), "latin1")), "latin1");

describe("a checkpoint", () => {
  test("means the same with and without the prefix, whole and in shards", async () => {
    const names = await opening({});
    expect((await opening({ prefix: "" })).sort()).toEqual(names.sort());
    expect((await opening({ shards: 3, dtype: "BF16" })).sort()).toEqual(names);
    expect(await opening({ config: { tie_word_embeddings: false } })).toContain("lm_head.weight");
  });

  test.each<[what: string, options: TinyModelOptions, change: (directory: string) => Promise<unknown>]>([
    ...["7", "null", '"33216"', "Infinity"].map(
      (size): [string, TinyModelOptions, ReturnType<typeof edit>] => [
        `an index that says its size is ${size}`,
        { shards: 2 },
        edit(index, (text) => text.replace('"metadata":{}', `"metadata":{"total_size":${size}}`)),
      ],
    ),
    [
      "an index that names a tied head, which no shard holds",
      { shards: 2 },
      edit(index, (text) => text.replace('"weight_map":{', `"weight_map":{"lm_head.weight":"${shard}",`)),
    ],
    [
      "an index of the one file beside it",
      {},
      (at) => writeFile(join(at, index), '{"weight_map":{"model.norm.weight":"model.safetensors"}}'),
    ],
    [
      "an infinity and a key twice in its config",
      {},
      edit("config.json", (text) => text.replace("{", '{"router_z":Infinity,"a":1,"a":-Infinity,"b":NaN,')),
    ],
    [
      "a special token beyond the embedding",
      {},
      edit("tokenizer.json", (text) =>
        text.replace('"added_tokens":[]', '"added_tokens":[{"id":32,"content":"<x>","special":true}]'),
      ),
    ],
  ])("means the same with %s", async (_, options, change) => {
    expect(await opening(options, change)).toEqual(await opening(options));
  });

  test("keeps heads of other tasks beside the model, and its own weights", async () => {
    const names = await opening({ config: { tie_word_embeddings: false } }, async (at) => {
      await edit("model.safetensors", (text) => text.replace('"lm_head.weight"', '"score.weight"  '))(at);
    });
    expect(names).toContain("score.weight");
  });

  test("of BERT's first release has its normalisations under today's names, also when it is cut", async () => {
    await using folder = await temporaryFolder();
    const [old, cut] = [join(folder.path, "old"), join(folder.path, "cut")];
    const config = { model_type: "bert", hidden_act: "gelu", num_key_value_heads: 4 };
    await writeTinyModel(old, { config, prefix: "bert." });
    const names = await readNames(old);
    await edit("model.safetensors", (text) =>
      text
        .replaceAll('LayerNorm.weight":', 'LayerNorm.gamma": ')
        .replaceAll('LayerNorm.bias":', 'LayerNorm.beta":'),
    )(old);
    expect(await readNames(old)).toEqual(names);
    await truncateCheckpoint(old, cut, 2);
    const part = await openCheckpoint(cut);
    await part.close();
    expect(part.tensors.get("encoder.layer.1.output.LayerNorm.weight")?.storedName).toBe(
      "bert.encoder.layer.1.output.LayerNorm.weight",
    );
  });

  test("may consist of links, as the cache of Hugging Face does", async () => {
    const names = await opening({}, async (at) => {
      await rename(join(at, "model.safetensors"), join(at, "..", "blob"));
      await symlink("../blob", join(at, "model.safetensors"));
    });
    expect(names).toContain("norm.weight");
  });

  test("gives embedding rows of any dtype as the same floats as the whole table", async () => {
    for (const dtype of ["F32", "BF16", "F16"] as const) {
      await using folder = await temporaryFolder();
      await writeTinyModel(folder.path, { dtype });
      const checkpoint = await openCheckpoint(folder.path);
      const all = await checkpoint.read("embed_tokens.weight");
      const table = await loadEmbedding(checkpoint);
      await checkpoint.close();
      expect([table.rows, table.width]).toEqual([32, 16]);
      const rows = table.gather([31, 0, 31]);
      expect([...rows]).toEqual([...all.subarray(496), ...all.subarray(0, 16), ...all.subarray(496)]);
      for (const id of [32, -1, Number.NaN]) expect(() => table.gather([id])).toThrow(/no row/);
    }
  });

  test("that changes or is closed while it is read says so", async () => {
    await using folder = await temporaryFolder();
    await writeTinyModel(folder.path);
    const checkpoint = await openCheckpoint(folder.path);
    await writeFile(join(folder.path, "model.safetensors"), "");
    await expect(checkpoint.read("norm.weight")).rejects.toMatchObject({ code: "checkpoint/malformed" });
    await checkpoint.close();
    await expect(checkpoint.read("norm.weight")).rejects.toThrow(/closed/);
  });
});

describe("a folder is refused when", () => {
  test.each<
    [
      reason: string,
      options: TinyModelOptions,
      damage: (directory: string) => Promise<unknown>,
      code: string,
      facts: object,
    ]
  >([
    [
      "it has no config",
      {},
      (at) => unlink(join(at, "config.json")),
      "checkpoint/incomplete",
      { file: "config.json" },
    ],
    [
      "it has no weights",
      {},
      (at) => unlink(join(at, "model.safetensors")),
      "checkpoint/incomplete",
      { file: "model.safetensors" },
    ],
    [
      "it has no tokenizer",
      {},
      (at) => unlink(join(at, "tokenizer.json")),
      "checkpoint/incomplete",
      { file: "tokenizer.json" },
    ],
    [
      "its weights are truncated",
      {},
      (at) => edit("model.safetensors", (text) => text.slice(0, -1))(at),
      "checkpoint/malformed",
      { file: "model.safetensors" },
    ],
    [
      "a config asks for another depth",
      { config: { num_hidden_layers: 3 } },
      edit("config.json", (text) => text.replace('layers":3', 'layers":4')),
      "checkpoint/incomplete",
      { tensor: "layers.3.input_layernorm.weight" },
    ],
    [
      "a layer is more than the config says",
      {},
      edit("config.json", (text) => text.replace('layers":4', 'layers":3')),
      "checkpoint/incomplete",
      { tensor: "model.layers.3.input_layernorm.weight" },
    ],
    [
      "a tensor has another shape",
      {},
      edit("config.json", (text) => text.replace('"intermediate_size":24', '"intermediate_size":23')),
      "checkpoint/incomplete",
      { tensor: "model.layers.0.mlp.gate_proj.weight" },
    ],
    [
      "the head is missing",
      { config: { tie_word_embeddings: true } },
      edit("model.safetensors", (text) =>
        text.replace("model.embed_tokens.weight", "lm_head.weight           "),
      ),
      "checkpoint/incomplete",
      { tensor: "embed_tokens.weight" },
    ],
    [
      "the one file that counts before an index lacks weights",
      { shards: 2 },
      (at) => rename(join(at, shard), join(at, "model.safetensors")),
      "checkpoint/incomplete",
      { tensor: "embed_tokens.weight" },
    ],
    [
      "a shard is missing",
      { shards: 2 },
      (at) => unlink(join(at, shard)),
      "checkpoint/incomplete",
      { file: shard },
    ],
    [
      "an index leaves the folder",
      { shards: 2 },
      edit(index, (text) => text.replace(shard, `../${shard}`)),
      "checkpoint/malformed",
      { file: index },
    ],
    [
      "an index names another tensor",
      { shards: 2 },
      edit(index, (text) => text.replace("model.norm.weight", "model.form.weight")),
      "checkpoint/malformed",
      { tensor: "model.norm.weight" },
    ],
    [
      "an index lacks a tensor",
      { shards: 2 },
      edit(index, (text) => text.replace(/,"model.norm.weight":"[^"]*"/, "")),
      "checkpoint/malformed",
      { tensor: "model.norm.weight" },
    ],
    [
      "an index is empty",
      { shards: 2 },
      (at) => writeFile(join(at, index), '{"weight_map":{}}'),
      "checkpoint/malformed",
      { field: "/weight_map" },
    ],
    [
      "its weights are a pickle in disguise",
      {},
      (at) => writeFile(join(at, "model.safetensors"), Buffer.from("PK\x03\x04archive/data.pkl")),
      "upload/file-refused",
      { file: "model.safetensors" },
    ],
    [
      "a tokenizer is a pickle in disguise",
      {},
      (at) => writeFile(join(at, "tokenizer.json"), Buffer.from([0x80, 4, 0x95, 1, 2, 3, 4, 5, 6])),
      "upload/file-refused",
      { file: "tokenizer.json" },
    ],
    [
      "the weights are a folder",
      {},
      async (at) => {
        await unlink(join(at, "model.safetensors"));
        await mkdir(join(at, "model.safetensors"));
      },
      "upload/file-refused",
      { file: "model.safetensors" },
    ],
    [
      "the weights are a link to nothing",
      {},
      async (at) => {
        await unlink(join(at, "model.safetensors"));
        await symlink("nowhere", join(at, "model.safetensors"));
      },
      "upload/file-refused",
      { file: "model.safetensors" },
    ],
    [
      "a token has no row in the embedding",
      {},
      edit("tokenizer.json", (text) => text.replace('"b":31', '"b":32')),
      "tokenizer/mismatch",
      { file: "tokenizer.json" },
    ],
    [
      "an added token has no row in the embedding",
      {},
      edit("tokenizer.json", (text) =>
        text.replace('"added_tokens":[]', '"added_tokens":[{"id":40,"content":"<x>"}]'),
      ),
      "tokenizer/mismatch",
      {},
    ],
    [
      "a token has no integer as its id",
      {},
      edit("tokenizer.json", (text) => text.replace('"b":31', '"b":"31"')),
      "tokenizer/malformed",
      {},
    ],
    [
      "its tokenizer has no vocabulary",
      {},
      (at) => writeFile(join(at, "tokenizer.json"), '{"model":{"__proto__":{"vocab":{}}}}'),
      "tokenizer/malformed",
      {},
    ],
    [
      "its tokenizer is not JSON",
      {},
      (at) => writeFile(join(at, "tokenizer.json"), "{"),
      "tokenizer/malformed",
      {},
    ],
  ])("%s", async (_, options, damage, code, facts) => {
    await expect(opening(options, damage)).rejects.toMatchObject({ code, facts });
  });

  test("it does not exist", async () => {
    await expect(openCheckpoint("/nowhere/at/all")).rejects.toMatchObject({ code: "checkpoint/incomplete" });
  });
});
