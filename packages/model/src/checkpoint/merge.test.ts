import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder, writeTinyModel } from "../testing/tiny-model.ts";
import { readAdapter, writeAdapter, type LoraAdapter } from "./adapter.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { narrow, widen } from "./dtype.ts";
import { mergeAdapter } from "./merge.ts";

const wave = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.cos(seed + i * 1.7) / 3);
const pair = (outputs: number, inputs: number, seed: number) => ({
  a: wave(2 * inputs, seed),
  b: wave(outputs * 2, seed + 1),
  inputs,
  outputs,
});
const adapter: LoraAdapter = {
  rank: 2,
  alpha: 6,
  pairs: new Map([
    ["layers.0.self_attn.q_proj", pair(16, 16, 1)],
    ["layers.3.mlp.down_proj", pair(16, 24, 2)],
  ]),
};

test("an adapter reads back as it was written, under the names of PEFT", async () => {
  await using folder = await temporaryFolder();
  await writeAdapter(folder.path, adapter, { name: "base" });
  expect(await readAdapter(folder.path)).toEqual(adapter);
  const file = await readFile(join(folder.path, "adapter_model.safetensors"), "latin1");
  expect(file).toContain(
    '"base_model.model.layers.3.mlp.down_proj.lora_B.weight":{"dtype":"F32","shape":[16,2]',
  );
});

test.each(["F32", "BF16", "F16"] as const)(
  "each adapted matrix becomes W + (alpha / rank) B A in %s, the others stay",
  async (dtype) => {
    await using folder = await temporaryFolder();
    const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
    await writeTinyModel(source, { dtype, shards: 2, config: { tie_word_embeddings: false } });
    await mergeAdapter(source, adapter, target);
    const before = await openCheckpoint(source);
    const after = await openCheckpoint(target);
    expect(after.prefix).toBe("");
    expect(after.tensors.has("lm_head.weight")).toBe(false);
    for (const name of after.tensors.keys()) {
      const { a, b, inputs } = adapter.pairs.get(name.replace(".weight", "")) ?? { a: [], b: [], inputs: 1 };
      const sums = (await before.read(name)).map((w, i) => {
        if (a.length === 0) return w;
        const [row, column] = [Math.floor(i / inputs), i % inputs];
        return w + 3 * (b[row * 2]! * a[column]! + b[row * 2 + 1]! * a[inputs + column]!);
      });
      const expected = widen(narrow(sums, dtype), dtype);
      // fp32 sums may differ in their last bit; a value that lies between two of the narrow dtype then rounds either way.
      const unit = { F32: 2 ** -22, F16: 2 ** -10, BF16: 2 ** -7 }[dtype];
      (await after.read(name)).forEach((value, i) =>
        expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(unit * Math.abs(expected[i]!)),
      );
    }
    await before.close();
    await after.close();
  },
);

test("the dtype of the whole result can be chosen, and the config says so", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeTinyModel(source, { dtype: "BF16" });
  await mergeAdapter(source, adapter, target, { dtype: "F32" });
  const after = await openCheckpoint(target);
  expect(new Set([...after.tensors.values()].map((tensor) => tensor.dtype))).toEqual(new Set(["F32"]));
  expect(after.config.source.get("architectures")).toEqual(["LlamaModel"]);
  expect(after.config.dtype).toBe("F32");
  await after.close();
});

test("an adapter of another model is refused by the name of the layer", async () => {
  await using folder = await temporaryFolder();
  await writeTinyModel(join(folder.path, "a"));
  const wrong = { ...adapter, pairs: new Map([["layers.9.self_attn.q_proj", pair(16, 16, 1)]]) };
  await expect(mergeAdapter(join(folder.path, "a"), wrong, join(folder.path, "b"))).rejects.toMatchObject({
    code: "checkpoint/incomplete",
    facts: { tensor: "layers.9.self_attn.q_proj.weight" },
  });
});

test.each([["use_dora"]])("an adapter with %s is refused rather than merged wrongly", async (key) => {
  await using folder = await temporaryFolder();
  await writeAdapter(folder.path, adapter, { name: "base" });
  const path = join(folder.path, "adapter_config.json");
  await writeFile(path, (await readFile(path, "utf8")).replace(`"${key}": false`, `"${key}": true`));
  await expect(readAdapter(folder.path)).rejects.toMatchObject({
    code: "config/unsupported",
    facts: { field: `/${key}` },
  });
});

test("ranks and factors by patterns, and rank-stabilised ones, give the product that they mean", async () => {
  await using folder = await temporaryFolder();
  const [model, patterned, target] = ["model", "adapter", "merged"].map((name) => join(folder.path, name));
  await writeTinyModel(model!);
  await mkdir(patterned!);
  await writeAdapter(patterned!, adapter, { name: "base" });
  const path = join(patterned!, "adapter_config.json");
  const config = JSON.parse(await readFile(path, "utf8")) as object;
  const changed = {
    r: 8,
    lora_alpha: 6,
    use_rslora: true,
    rank_pattern: { q_proj: 2, down_proj: 2 },
    alpha_pattern: { down_proj: 4 },
  };
  await writeFile(path, JSON.stringify({ ...config, ...changed }));
  const read = await readAdapter(patterned!);
  await mergeAdapter(model!, read, target!);
  const [before, after] = [await openCheckpoint(model!), await openCheckpoint(target!)];
  for (const [layer, { a, b, inputs }] of adapter.pairs) {
    const scale = (layer.endsWith("q_proj") ? 6 : 4) / Math.SQRT2;
    const old = await before.read(`${layer}.weight`);
    (await after.read(`${layer}.weight`)).forEach((value, i) => {
      const [row, column] = [Math.floor(i / inputs), i % inputs];
      const sum = b[row * 2]! * a[column]! + b[row * 2 + 1]! * a[inputs + column]!;
      expect(value).toBeCloseTo(old[i]! + scale * sum, 5);
    });
  }
  await before.close();
  await after.close();
});

test("a factor on a layer that the adapter does not choose is refused, because PEFT leaves it out", async () => {
  await using folder = await temporaryFolder();
  await writeAdapter(folder.path, adapter, { name: "base" });
  const path = join(folder.path, "adapter_config.json");
  await writeFile(path, (await readFile(path, "utf8")).replace('"down_proj",', ""));
  await expect(readAdapter(folder.path)).rejects.toMatchObject({
    code: "checkpoint/malformed",
    facts: { tensor: expect.stringContaining("down_proj") as string },
  });
});
