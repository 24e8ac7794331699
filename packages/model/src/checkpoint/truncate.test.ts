import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { temporaryFolder, writeTinyModel } from "../testing/tiny-model.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { truncateCheckpoint } from "./truncate.ts";

async function expectPrefixOf(source: string, target: string, layers: number): Promise<void> {
  const whole = await openCheckpoint(source);
  const part = await openCheckpoint(target);
  try {
    expect(part.config.layers).toBe(layers);
    const kept = [...whole.tensors.keys()].filter(
      (name) => Number(/^layers\.(\d+)/.exec(name)?.[1] ?? 0) < layers,
    );
    expect([...part.tensors.keys()].sort()).toEqual(kept.sort());
    for (const name of kept) {
      const same = Buffer.compare(await part.readBytes(name), await whole.readBytes(name)) === 0;
      expect([name, same]).toEqual([name, true]);
    }
  } finally {
    await whole.close();
    await part.close();
  }
}

test.each([
  ["one file, tied", {}],
  ["bf16 without the prefix", { dtype: "BF16", prefix: "" }],
  ["three shards with an untied head", { shards: 3, config: { tie_word_embeddings: false } }],
] as const)("keeps the first layers byte for byte, with embedding, norm and head: %s", async (_, options) => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeTinyModel(source, options);
  for (const layers of [1, 3, 4]) {
    await truncateCheckpoint(source, `${target}${layers}`, layers);
    await expectPrefixOf(source, `${target}${layers}`, layers);
  }
  expect(await readFile(join(`${target}1`, "tokenizer.json"), "utf8")).toBe(
    await readFile(join(source, "tokenizer.json"), "utf8"),
  );
});

test("shards that lose all their layers go, and the rest are renumbered", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeTinyModel(source, { shards: 5 });
  await truncateCheckpoint(source, target, 1);
  const shards = (await readdir(target)).filter((name) => name.endsWith(".safetensors"));
  expect(shards.sort()).toEqual([
    "model-00001-of-00003.safetensors",
    "model-00002-of-00003.safetensors",
    "model-00003-of-00003.safetensors",
  ]);
});

test("the bytes of the weights are told as they are written, from none to all", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeTinyModel(source, { shards: 3 });
  const told: [number, number][] = [];
  await truncateCheckpoint(source, target, 2, { onBytes: (done, total) => told.push([done, total]) });
  const written = await openCheckpoint(target);
  const { bytes } = written;
  await written.close();
  expect(told[0]).toEqual([0, bytes]);
  expect(told.at(-1)).toEqual([bytes, bytes]);
  expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));
  expect(told.length).toBeGreaterThan(written.tensors.size);
});

test("the config keeps what it said, with the new depth and its lists per layer cut to it", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  const layerTypes = ["full_attention", "full_attention", "full_attention", "full_attention"];
  await writeTinyModel(source, {
    config: { layer_types: layerTypes, max_window_layers: 4, made_up: { nested: [1, "two"] } },
  });
  await truncateCheckpoint(source, target, 2);
  const before: unknown = JSON.parse(await readFile(join(source, "config.json"), "utf8"));
  const after: unknown = JSON.parse(await readFile(join(target, "config.json"), "utf8"));
  expect(after).toEqual({
    ...(before as object),
    num_hidden_layers: 2,
    layer_types: layerTypes.slice(0, 2),
    max_window_layers: 2,
    // What one release of transformers says otherwise than the other is said in both ways.
    dtype: "float32",
    rope_parameters: { rope_type: "default", rope_theta: 10_000 },
  });
});

test.each([0, 5, -1, 1.5, Number.NaN])(
  "a depth of %d of 4 layers is refused and leaves nothing behind",
  async (layers) => {
    await using folder = await temporaryFolder();
    const source = join(folder.path, "a");
    await writeTinyModel(source);
    await expect(truncateCheckpoint(source, join(folder.path, "b"), layers)).rejects.toMatchObject({
      code: "layers/out-of-range",
    });
    expect(await readdir(folder.path)).toEqual(["a"]);
  },
);

test("an occupied folder is never overwritten", async () => {
  await using folder = await temporaryFolder();
  await writeTinyModel(join(folder.path, "a"));
  await writeTinyModel(join(folder.path, "b"));
  await writeFile(join(folder.path, "b", "notes"), "mine");
  await expect(truncateCheckpoint(join(folder.path, "a"), join(folder.path, "b"), 1)).rejects.toMatchObject({
    code: "resource/conflict",
    message: expect.stringContaining(join(folder.path, "b")),
  });
  expect(await readFile(join(folder.path, "b", "notes"), "utf8")).toBe("mine");
  expect((await readdir(folder.path)).sort()).toEqual(["a", "b"]);
});

test("a model whose embedding is stored only as its tied head is written with the embedding's own name", async ({
  skip,
}) => {
  const source = sharedData("weights-tinystories-656K");
  if (!source) {
    skip(noSharedData);
    return;
  }
  await using folder = await temporaryFolder();
  const target = join(folder.path, "b");
  await truncateCheckpoint(source, target, 1);
  await expectPrefixOf(source, target, 1);
  const part = await openCheckpoint(target);
  expect(part.tensors.get("embed_tokens.weight")?.storedName).toBe("model.embed_tokens.weight");
  await part.close();
});
