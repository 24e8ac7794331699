import { join } from "node:path";
import { copyFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { openModel, truncateCheckpoint } from "@espalier/model";
import { Encoder, type LoadOptions } from "./encoder.ts";
import { ChangedFolder } from "./testing/changed-folder.ts";
import { fileInterpreter } from "./testing/file-interpreter.ts";

/**
 * Folders as people have them. The right vectors are those of transformers 5.24, PEFT 0.21 and sentence-transformers 6.2
 * for this text, their first six numbers.
 */
const text = "once upon a time there was a cat and a dog";
const right = {
  decoder: [0.46876, 0.46776, 0.25266, -0.26421, -0.67338, -0.53336],
  bert: [0.09975, -0.15858, -0.49571, -0.04484, 0.22271, -0.44557],
  "bert by its first token": [0.10068, -0.15614, -0.49748, -0.04545, 0.22269, -0.44702],
  "bert under a Dense": [0.67124, -3.06649, -1.1907, -0.89107, 1.72224, 0.31914],
  gemma3: [0.39978, -0.24234, 1.42165, 0.44944, 1.09755, 0.56104],
  "decoder with an adapter": [0.1034, 1.08097, 0.2977, 0.96094, -0.46856, 0.18571],
} as const;

const plain: Partial<LoadOptions> = { pooling: "mean", pooled: "sequence" };

async function vectorOf(path: string, options: Partial<LoadOptions> = {}): Promise<Float32Array> {
  await using encoder = await Encoder.load(path, { engine: fileInterpreter(), ...options });
  const [vector] = await encoder.embed([text]);
  return vector!;
}

const firstSix = async (path: string, options?: Partial<LoadOptions>): Promise<number[]> =>
  Array.from((await vectorOf(path, options)).subarray(0, 6));

const near = (of: keyof typeof right): unknown[] =>
  right[of].map((value): unknown => expect.closeTo(value, 4));

/** The vector by a copy of all layers, of a folder that is accepted where models are imported and pruned. */
async function copied(path: string, layers: number, options?: Partial<LoadOptions>): Promise<Float32Array> {
  await (await openModel(path)).close();
  await using target = await ChangedFolder.of("decoder");
  const copy = join(target.path, "copy");
  await truncateCheckpoint(path, copy, layers);
  return await vectorOf(copy, options);
}

const oldName = (name: string) =>
  `bert.${name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")}`;
const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
const index = "model.safetensors.index.json";

async function sharded(folder: ChangedFolder, metadata: object, absent: string[] = []): Promise<void> {
  const names = await folder.weights((name) => name, {}, shards);
  const half = Math.ceil(names.length / 2);
  const map = Object.fromEntries(names.map((name, i) => [name, shards[i < half ? 0 : 1]]));
  for (const name of absent) map[name] = shards[0];
  await folder.write(index, { metadata, weight_map: map });
}

describe("names, indexes and heads", () => {
  test("the first BERT checkpoints call the parts of a normalisation gamma and beta", async () => {
    await using folder = await ChangedFolder.of("bert");
    await folder.weights(oldName, {
      "cls.predictions.bias": [57],
      "cls.predictions.transform.LayerNorm.gamma": [16],
      "cls.predictions.transform.LayerNorm.beta": [16],
      "cls.predictions.transform.dense.weight": [16, 16],
    });
    expect(await firstSix(folder.path)).toEqual(near("bert"));
    expect(await copied(folder.path, 3)).toEqual(await vectorOf(folder.path));
  });

  test("Gemma 3's image token lies beyond the table, and only a text with it is refused", async () => {
    await using folder = await ChangedFolder.of("gemma3");
    expect(await firstSix(folder.path, plain)).toEqual(near("gemma3"));
    expect(await copied(folder.path, 2, plain)).toEqual(await vectorOf(folder.path, plain));
  });

  test.each([
    ["null", { total_size: null }],
    ["text", { total_size: "33216" }],
    ["the size of the files", { total_size: 37312 }],
    ["the number of parameters", { total_size: 8304 }],
    ["missing", {}],
  ])("total_size is %s", async (_, metadata) => {
    await using folder = await ChangedFolder.of("decoder");
    await sharded(folder, metadata);
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder"));
    expect(await copied(folder.path, 4, plain)).toEqual(await vectorOf(folder.path, plain));
  });

  test("an index names a tensor that no shard holds, such as a tied head", async () => {
    await using folder = await ChangedFolder.of("decoder");
    await sharded(folder, {}, ["lm_head.weight"]);
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder"));
  });

  test("an index lies beside a single file, and names it or shards of another time", async () => {
    await using folder = await ChangedFolder.of("decoder");
    await folder.write(index, { weight_map: { "model.norm.weight": "model.safetensors" } });
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder"));
    const single = join(folder.path, "model.safetensors");
    await copyFile(single, join(folder.path, "kept"));
    await sharded(folder, {});
    await copyFile(join(folder.path, "kept"), single);
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder"));
    expect(await copied(folder.path, 4, plain)).toEqual(await vectorOf(folder.path, plain));
  });

  test.each([
    ["decoder", "score.weight", [2, 16]],
    ["decoder", "v_head.summary.weight", [1, 16]],
    ["bert", "qa_outputs.weight", [2, 16]],
  ] as const)("a %s has the head %s of another task", async (from, head, shape) => {
    await using folder = await ChangedFolder.of(from);
    await folder.weights((name) => name, { [head]: [...shape] });
    expect(await firstSix(folder.path, plain)).toEqual(near(from));
    expect(await copied(folder.path, from === "bert" ? 3 : 4, plain)).toEqual(
      await vectorOf(folder.path, plain),
    );
  });
});

test.each(["_orig_mod.", "module."])(
  "a wrapper's names of weights, %s, are told, which transformers does not find either",
  async (wrapper) => {
    await using folder = await ChangedFolder.of("decoder");
    await folder.weights((name) => `${wrapper}${name}`);
    await expect(openModel(folder.path)).rejects.toThrow(
      `the file has "${wrapper}model.embed_tokens.weight", whose beginning is of a wrapper: save the model that it wraps`,
    );
  },
);

describe("JSON as Python writes it", () => {
  test.each<[string, string, (text: string) => string]>([
    ["infinity in a field", "config.json", (json) => json.replace("{", '{ "router_z": Infinity,')],
    ["a field twice", "config.json", (json) => json.replace("{", '{ "use_cache": true,')],
    ["infinity in a field", "tokenizer_config.json", (json) => json.replace("{", '{ "old": Infinity,')],
  ])("%s of %s", async (_, name, change) => {
    await using folder = await ChangedFolder.of("decoder");
    await folder.change(name, change);
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder"));
    expect(await copied(folder.path, 4, plain)).toEqual(await vectorOf(folder.path, plain));
  });
});

describe("folders of PEFT and sentence-transformers", () => {
  test("an adapter that leaves layers out is PEFT's model", async () => {
    await using folder = await ChangedFolder.of("decoder");
    await folder.add("adapter");
    expect(await firstSix(folder.path, plain)).toEqual(near("decoder with an adapter"));
  });

  const modules = (...types: string[]) =>
    ["Transformer", "Pooling", ...types].map((type, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? "" : `${idx}_${type}`,
      type: `sentence_transformers.models.${type}`,
    }));

  test("the pooling of a folder is told again where it was pruned", async () => {
    await using folder = await ChangedFolder.of("bert");
    await folder.write("modules.json", modules());
    await folder.write("1_Pooling/config.json", { pooling_mode_cls_token: true });
    expect(await firstSix(folder.path)).toEqual(near("bert by its first token"));
    expect(await copied(folder.path, 3)).toEqual(await vectorOf(folder.path));
  });

  test("a Dense is computed, and goes along where the folder is pruned", async () => {
    await using folder = await ChangedFolder.of("bert");
    await folder.write("modules.json", modules("Dense"));
    await folder.write("1_Pooling/config.json", { pooling_mode_mean_tokens: true });
    await folder.add("dense", "2_Dense");
    expect(await firstSix(folder.path)).toEqual(near("bert under a Dense"));
    expect(await copied(folder.path, 3)).toEqual(await vectorOf(folder.path));
  });
});

test("an adapter of pickles is told, with what writes safetensors", async () => {
  await using folder = await ChangedFolder.of("decoder");
  await folder.write("adapter_config.json", {
    peft_type: "LORA",
    r: 4,
    lora_alpha: 8,
    target_modules: ["q_proj"],
  });
  await folder.write("adapter_model.bin", "");
  await expect(vectorOf(folder.path, plain)).rejects.toThrow(
    /adapter_model\.safetensors is missing, only adapter_model\.bin.*save_pretrained/,
  );
});

test("a folder that was cloned without git-lfs says so", async () => {
  await using folder = await ChangedFolder.of("decoder");
  await folder.write(
    "model.safetensors",
    `version https://git-lfs.github.com/spec/v1\noid sha256:${"ab".repeat(32)}\nsize 123456\n`,
  );
  await expect(openModel(folder.path)).rejects.toMatchObject({
    code: "checkpoint/incomplete",
    message: expect.stringContaining("git lfs pull") as string,
    facts: { file: "model.safetensors" },
  });
});
