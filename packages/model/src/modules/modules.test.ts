import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { transformerFiles } from "@espalier/contract";
import { expect, test } from "vitest";
import { folderEncoding } from "../folder-encoding.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { truncateCheckpoint } from "../checkpoint/truncate.ts";
import { temporaryFolder, writeTinyModel } from "../testing/tiny-model.ts";
import { findModules, findPrompts, refuseSteps } from "./modules.ts";

const moduleOf = (type: string, path: string) => ({
  idx: 0,
  name: path,
  path,
  type: type.includes(".") ? type : `sentence_transformers.models.${type}`,
});
const usual = [moduleOf("Transformer", ""), moduleOf("Pooling", "1_Pooling")];
const files = {
  "modules.json": [...usual, moduleOf("Normalize", "2_Normalize")],
  "1_Pooling/config.json": { word_embedding_dimension: 16, pooling_mode_cls_token: true },
  "sentence_bert_config.json": { max_seq_length: 40, do_lower_case: false },
  "config_sentence_transformers.json": {
    __version__: { sentence_transformers: "3.0.0" },
    prompts: { query: "query: ", passage: "passage: " },
    default_prompt_name: null,
    similarity_fn_name: "cosine",
  },
};

async function withFiles<Result>(
  changed: Record<string, unknown>,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  await using folder = await temporaryFolder();
  const model = join(folder.path, "model");
  await writeTinyModel(model);
  for (const [name, content] of Object.entries({ ...files, ...changed })) {
    if (content === undefined) continue;
    await mkdir(dirname(join(model, name)), { recursive: true });
    await writeFile(join(model, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return await use(model);
}

test("the modules of a folder say its pooling, its longest text, and whether vectors are normalised", async () => {
  await withFiles({}, async (model) => {
    expect(await findModules(model, 16)).toEqual({
      steps: [],
      normalizes: true,
      poolsPrompts: true,
      maxLength: 40,
    });
    expect(await folderEncoding(model, {})).toMatchObject({ pooling: "cls", maxLength: 40 });
    expect(await folderEncoding(model, { maxLength: 8 })).toMatchObject({ maxLength: 8 });
    expect(await findPrompts(model)).toEqual({ query: "query: ", passage: "passage: " });
  });
  await withFiles({ "modules.json": usual }, async (model) =>
    expect(await findModules(model, 16)).toMatchObject({ normalizes: false }),
  );
  await withFiles({ "modules.json": undefined }, async (model) =>
    expect(await findModules(model, 16)).toBeUndefined(),
  );
});

test("they travel with a model that is made of some of its layers", async () => {
  await withFiles({}, async (model) => {
    const target = `${model}-pruned`;
    await truncateCheckpoint(model, target, 2);
    expect(await findModules(target, 16)).toEqual(await findModules(model, 16));
    expect(await findPrompts(target)).toEqual(await findPrompts(model));
    expect(await folderEncoding(target, {})).toEqual(await folderEncoding(model, {}));
  });
});

const st = "config_sentence_transformers.json";
test.each<[named: RegExp, file: string, content: unknown]>([
  [/2_Dense.config.json is missing/, "modules.json", [...usual, moduleOf("Dense", "2_Dense")]],
  [/not in 2_Dense/, "modules.json", [...usual, moduleOf("Dense", "../dense")]],
  [/2_LayerNorm.config.json is missing/, "modules.json", [...usual, moduleOf("LayerNorm", "2_LayerNorm")]],
  [/CNN in 2_CNN/, "modules.json", [...usual, moduleOf("CNN", "2_CNN")]],
  [
    /custom_st\.Transformer|begin with a Transformer/,
    "modules.json",
    [moduleOf("custom_st.Transformer", ""), usual[1]],
  ],
  [/Pooling/, "modules.json", [usual[0]]],
  [/Pooling/, "modules.json", [usual[0], moduleOf("Pooling", "3_Pooling")]],
  [/Transformer/, "modules.json", [moduleOf("Transformer", "0_Transformer"), usual[1]]],
  [/kwargs/, "modules.json", [{ ...moduleOf("Transformer", ""), kwargs: ["task"] }, usual[1]]],
  [/not a list/, "modules.json", {}],
  [/do_lower_case/, "sentence_bert_config.json", { do_lower_case: true }],
  [/max_seq_length/, "sentence_bert_config.json", { max_seq_length: "long" }],
  [/config_args/, "sentence_bert_config.json", { config_args: { is_causal: false } }],
  [/module_output_name/, "sentence_bert_config.json", { module_output_name: "sentence_embedding" }],
  [
    /modality_config/,
    "sentence_bert_config.json",
    { modality_config: { text: { method: "get_text_features" } } },
  ],
  [/max_seq_length is 40.0/, "sentence_bert_config.json", '{"max_seq_length": 40.0}'],
  [/default_prompt_name/, st, { default_prompt_name: "query", prompts: { query: "query: " } }],
  [/model_type/, st, { model_type: "SparseEncoder" }],
  [/later_invention/, st, { later_invention: 2 }],
])("%s is refused by name in %s, whoever reads the folder", async (named, file, content) => {
  await withFiles({ [file]: content }, async (model) => {
    const refusal = { code: "config/unsupported", message: expect.stringMatching(named) as string };
    await expect(folderEncoding(model, { pooling: "mean" })).rejects.toMatchObject(refusal);
    await expect(openModel(model)).rejects.toMatchObject(refusal);
  });
});

test("a pooling that leaves the prompt out is refused where a text may have one, and read where none has", async () => {
  const pooling = { pooling_mode_mean_tokens: true, include_prompt: false };
  await withFiles({ "1_Pooling/config.json": pooling }, async (model) => {
    expect(await folderEncoding(model, {})).toMatchObject({ pooling: "mean", pooled: "sequence" });
    const modules = await findModules(model, 16);
    expect(() => refuseSteps(modules, "training")).toThrow(/include_prompt false.* training/);
  });
});

test("without max_seq_length, texts are cut where config.json or tokenizer_config.json says, whichever is less", async () => {
  const bare = { "sentence_bert_config.json": {} };
  await withFiles({ ...bare, "tokenizer_config.json": { model_max_length: 24 } }, async (model) =>
    expect(await findModules(model, 16)).toMatchObject({ maxLength: 24 }),
  );
  await withFiles({ ...bare, "tokenizer_config.json": { model_max_length: 1e30 } }, async (model) =>
    expect((await findModules(model, 16))?.maxLength).toBeLessThan(1e6),
  );
});

test("truncate_dim is obeyed, as sentence-transformers 6.2 does", async () => {
  await withFiles({ [st]: { truncate_dim: 8 } }, async (model) =>
    expect(await findModules(model, 16)).toMatchObject({ dimensions: 8 }),
  );
  await withFiles({ [st]: { truncate_dim: null } }, async (model) =>
    expect(await findModules(model, 16)).toMatchObject({ dimensions: undefined }),
  );
  await withFiles({ [st]: { truncate_dim: -1 } }, (model) =>
    expect(findModules(model, 16)).rejects.toMatchObject({
      code: "config/unsupported",
    }),
  );
});

test("a default prompt is none where it is empty, as query and document are in folders that do not say more", async () => {
  for (const prompts of [{ document: "" }, { query: null }, { query: "" }, undefined])
    await withFiles({ [st]: { default_prompt_name: "query", prompts } }, async (model) =>
      expect(await findModules(model, 16)).toBeDefined(),
    );
  await withFiles({ [st]: { default_prompt_name: "other", prompts: { query: "" } } }, (model) =>
    expect(findModules(model, 16)).rejects.toThrow(/"other", which prompts does not have/),
  );
});

test.each(transformerFiles)(
  "%s says the longest text, and goes along where the model is pruned",
  async (file) => {
    await withFiles(
      { "sentence_bert_config.json": undefined, [file]: { max_seq_length: 7 } },
      async (model) => {
        expect(await findModules(model, 16)).toMatchObject({ maxLength: 7 });
        await truncateCheckpoint(model, `${model}-pruned`, 2);
        expect(await findModules(`${model}-pruned`, 16)).toMatchObject({ maxLength: 7 });
      },
    );
  },
);

test("what only says how a model is computed is accepted for its class, and nothing else", async () => {
  const given = { attn_implementation: "eager", torch_dtype: "float32", low_cpu_mem_usage: true };
  await withFiles(
    { "sentence_bert_config.json": { model_args: given, model_kwargs: given } },
    async (model) => expect(await findModules(model, 16)).toBeDefined(),
  );
  await withFiles(
    { "sentence_bert_config.json": { model_args: { ignore_mismatched_sizes: true } } },
    (model) =>
      expect(findModules(model, 16)).rejects.toMatchObject({
        facts: { field: "/model_args/ignore_mismatched_sizes" },
      }),
  );
});

test("a Pooling without its config is refused where nobody says how to pool", async () => {
  await withFiles({ "1_Pooling/config.json": undefined }, async (model) => {
    await expect(folderEncoding(model, {})).rejects.toMatchObject({
      code: "checkpoint/incomplete",
      facts: { file: "1_Pooling/config.json" },
    });
    expect(await folderEncoding(model, { pooling: "cls" })).toMatchObject({ pooling: "cls" });
  });
});
