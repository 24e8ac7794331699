import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder, writeTinyModel } from "../testing/tiny-model.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { refuseNonFinite, scanNonFinite } from "./non-finite.ts";

const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

test.each(
  (["F32", "BF16", "F16"] as const).flatMap((dtype) => values.map((value) => [dtype, value] as const)),
)("a %s weight that is %d is found by tensor and element", async (dtype, bad) => {
  await using folder = await temporaryFolder();
  for (const element of [0, 6, 383]) {
    const directory = join(folder.path, String(element));
    const at = (name: string, i: number) =>
      name === "layers.2.mlp.up_proj.weight" && i === element ? bad : undefined;
    await writeTinyModel(directory, { dtype, value: at });
    const checkpoint = await openCheckpoint(directory);
    expect(await scanNonFinite(checkpoint)).toEqual({ tensor: "layers.2.mlp.up_proj.weight", element });
    await expect(refuseNonFinite(checkpoint)).rejects.toMatchObject({
      code: "checkpoint/non-finite",
      facts: { tensor: "model.layers.2.mlp.up_proj.weight", file: "model.safetensors" },
    });
    await checkpoint.close();
  }
});

test("an odd number of 16-bit weights is read to its last one", async () => {
  await using folder = await temporaryFolder();
  const config = {
    hidden_size: 9,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 2,
    vocab_size: 33,
  };
  const bad = (name: string, i: number) => (name === "norm.weight" && i === 8 ? Number.NaN : undefined);
  await writeTinyModel(join(folder.path, "good"), { dtype: "BF16", config, value: (_, i) => i * 1e30 });
  await writeTinyModel(join(folder.path, "bad"), { dtype: "BF16", config, value: bad });
  const good = await openCheckpoint(join(folder.path, "good"));
  expect(await scanNonFinite(good)).toBeUndefined();
  const broken = await openCheckpoint(join(folder.path, "bad"));
  expect(await scanNonFinite(broken)).toEqual({ tensor: "norm.weight", element: 8 });
  await good.close();
  await broken.close();
});
