import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { recordFile, resolveEncoding, type Encoding, type Mode } from "@espalier/contract";
import { expect, test } from "vitest";
import { folderEncoding } from "./folder-encoding.ts";
import { temporaryFolder, tinyConfig } from "./testing/tiny-model.ts";

const bert = { ...tinyConfig, model_type: "bert", hidden_act: "gelu" };
const roberta = { ...bert, model_type: "xlm-roberta", pad_token_id: 1 };

async function encodingOf(
  config: object,
  pooling?: object | string,
  given: Encoding = {},
  { record, mode }: { record?: unknown; mode?: Mode } = {},
) {
  await using folder = await temporaryFolder();
  if (record !== undefined) await writeFile(join(folder.path, recordFile), JSON.stringify(record));
  await writeFile(join(folder.path, "config.json"), JSON.stringify(config));
  if (pooling !== undefined) {
    await mkdir(join(folder.path, "1_Pooling"));
    const text = typeof pooling === "string" ? pooling : JSON.stringify(pooling);
    await writeFile(join(folder.path, "1_Pooling/config.json"), text);
  }
  return resolveEncoding(await folderEncoding(folder.path, given, mode));
}

test.each([
  ["a decoder", tinyConfig, { pooling: "weighted_mean", pooled: "content", maxLength: 512 }],
  ["a BERT", bert, { pooling: "mean", pooled: "sequence", maxLength: 64 }],
  [
    "an XLM-RoBERTa, whose first rows no token takes",
    roberta,
    { pooling: "mean", pooled: "sequence", maxLength: 62 },
  ],
])("%s is pooled as is usual for it, unless it is told otherwise", async (_, config, usual) => {
  expect(await encodingOf(config)).toMatchObject(usual);
  const given = { pooling: "last_token", pooled: "content", maxLength: 8 } as const;
  expect(await encodingOf(config, undefined, given)).toMatchObject(given);
});

test.each([
  [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, "cls"],
  [{ word_embedding_dimension: 16, pooling_mode_mean_tokens: true }, "mean"],
  [{ pooling_mode_lasttoken: true, include_prompt: true }, "last_token"],
  [{ pooling_mode_weightedmean_tokens: true }, "weighted_mean"],
  [{ embedding_dimension: 16, pooling_mode: "lasttoken" }, "last_token"],
  [{ pooling_mode: "cls" }, "cls"],
])("what %j of sentence-transformers names goes before what is usual", async (file, pooling) => {
  for (const config of [bert, tinyConfig])
    expect(await encodingOf(config, file)).toMatchObject({ pooling, pooled: "sequence" });
  expect(await encodingOf(bert, file, { pooled: "content" })).toMatchObject({ pooling, pooled: "content" });
});

test.each([
  [{ pooling_mode_max_tokens: true }, /max_tokens, which there is not here/],
  [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }, /cls_token and mean_tokens/],
  [{}, /no pooling/],
  ["[]", /not a JSON object/],
  ["{", /not valid JSON/],
])("%j is refused, and not looked at where a pooling is chosen", async (file, reason) => {
  await expect(encodingOf(bert, file)).rejects.toMatchObject({
    code: "config/unsupported",
    message: expect.stringMatching(reason),
    facts: { file: "1_Pooling/config.json" },
  });
  expect(await encodingOf(bert, file, { pooling: "mean" })).toMatchObject({ pooling: "mean" });
});

const trained = {
  pooling: "cls",
  pooled: "content",
  attention: "bidirectional",
  maxLength: 24,
  template: "chat",
};

test("what a folder was trained with goes before all others but what is given", async () => {
  const file = { pooling_mode_mean_tokens: true };
  const record = { encoding: trained, matryoshka: [4, 8] };
  expect(await encodingOf(tinyConfig, file, {}, { record })).toEqual(trained);
  expect(await encodingOf(tinyConfig, file, { template: "none" }, { record })).toEqual({
    ...trained,
    template: "none",
  });
});

test.each([
  [{ encoding: { pooling: "median" } }, /pooling must be one of/, "/encoding/pooling"],
  [{ encoding: { width: 8 } }, /no setting "width"/, "/encoding/width"],
  [{ encoding: trained, later: 1 }, /later is 1/, "/later"],
  [{ encoding: [] }, /not an object/, undefined],
  [{ matryoshka: [0] }, /matryoshka/, undefined],
])("%j in espalier.json is refused by name", async (record, message, field) => {
  await expect(encodingOf(tinyConfig, undefined, {}, { record })).rejects.toMatchObject({
    code: "config/unsupported",
    message: expect.stringMatching(message),
    facts: { file: recordFile, ...(field && { field }) },
  });
});

test("in reference mode the template that nobody names is the one for the model's name", async () => {
  expect(await encodingOf(tinyConfig, undefined, {}, { mode: "reference" })).toMatchObject({
    template: "auto",
  });
  const given = { template: "none" } as const;
  expect(await encodingOf(tinyConfig, undefined, given, { mode: "reference" })).toMatchObject(given);
});
