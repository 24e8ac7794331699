import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checksums, hubTrial } from "../testing/hub-download.ts";
import { openCheckpoint } from "../checkpoint/checkpoint.ts";
import { truncateCheckpoint } from "../checkpoint/truncate.ts";

describe.each([
  ["one file", {}],
  [
    "three shards with an untied head, bf16",
    { shards: 3, dtype: "BF16", config: { tie_word_embeddings: false } },
  ],
  [
    "a BERT, whose layers have another name",
    { prefix: "bert.", config: { model_type: "bert", hidden_act: "gelu", tie_word_embeddings: true } },
  ],
] as const)("%s", (_, model) => {
  test("arrives as it is on the hub, and its commit is returned", async () => {
    await using trial = await hubTrial(model);
    expect(await trial.download()).toEqual({ commit: trial.commit });
    expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
    await expect(readdir(trial.folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each([1, 2, 4])("with %d of 4 layers is what truncating the whole model gives", async (layers) => {
    await using trial = await hubTrial(model);
    await trial.download({ layers });
    const whole = `${trial.output}-whole`;
    await truncateCheckpoint(trial.source, whole, layers);
    expect(await checksums(trial.output)).toEqual(await checksums(whole));
  });
});

test.each([undefined, 1])(
  "what says how it pools arrives in its own folder, of %s layers",
  async (layers) => {
    await using trial = await hubTrial();
    const files = Object.fromEntries(
      await Promise.all(
        (await readdir(trial.source)).map(async (name) => [name, await readFile(join(trial.source, name))]),
      ),
    ) as Record<string, Buffer>;
    const pooling = '{"pooling_mode_cls_token": true}';
    trial.hub.add("org/tiny", { ...files, "1_Pooling/config.json": pooling });
    await trial.download(layers === undefined ? {} : { layers });
    expect(await readFile(join(trial.output, "1_Pooling/config.json"), "utf8")).toBe(pooling);
  },
);

test("of layers that do not survive no byte is fetched", async () => {
  await using trial = await hubTrial({ shards: 3 });
  await trial.download({ layers: 1 }, { limits: { gapBytes: 0 } });
  const checkpoint = await openCheckpoint(trial.source);
  const headers = new Map<string, number>();
  let needed = 0;
  for (const [name, { file, bytes, offset }] of checkpoint.tensors) {
    if (!/^layers\.[1-3]\./.test(name)) needed += bytes;
    headers.set(file, Math.min(headers.get(file) ?? Infinity, offset));
  }
  await checkpoint.close();
  for (const header of headers.values()) needed += header;
  const stored = trial.hub.requests.filter(({ server }) => server === "storage");
  expect(stored.reduce((sum, { sent }) => sum + sent, 0)).toBe(needed);
  // Neighbours come by one request.
  expect(stored.length).toBeLessThan(12);
});

test("files that make no model stay on the hub", async () => {
  await using trial = await hubTrial();
  const config = await readFile(join(trial.source, "config.json"));
  const files = Object.fromEntries(
    await Promise.all(
      (await readdir(trial.source)).map(async (name) => [name, await readFile(join(trial.source, name))]),
    ),
  ) as Record<string, Buffer>;
  trial.hub.add("org/tiny", {
    ...files,
    "pytorch_model.bin": "pickle",
    "modeling.py": "import os",
    "../config.json": config,
    "..": "x",
    "sub/config.json": config,
    "/etc/passwd": "root",
    "model.safetensors/../x": "y",
  });
  await trial.download();
  expect(await checksums(trial.output)).toEqual(await checksums(trial.source));
  const asked = new Set(trial.hub.requests.flatMap(({ file }) => (file === undefined ? [] : [file])));
  expect(asked).toEqual(new Set(Object.keys(files)));
});
