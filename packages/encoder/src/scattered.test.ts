import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  configOfLayers,
  ofLayers,
  openCheckpoint,
  parseConfig,
  replicable,
  truncateCheckpoint,
  writeAdapter,
} from "@espalier/model";
import { Encoder } from "./encoder.ts";
import { fileInterpreter } from "./testing/file-interpreter.ts";
import { goldenFactors, writeGoldenModel } from "./testing/golden-model.ts";
import { temporaryFolder, writeTinyModel } from "../../model/src/testing/tiny-model.ts";
import { adapterOf } from "./training/lora.ts";

const goldens = JSON.parse(
  await readFile(new URL("../../model/src/testing/goldens/architectures.json", import.meta.url), "utf8"),
) as { cases: Record<string, { config: object }> };
const configOf = (name: string) => parseConfig(JSON.stringify(goldens.cases[name]!.config));

test("layers out of the middle go, and those after them are renumbered, byte for byte", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeTinyModel(source, { shards: 3 });
  await truncateCheckpoint(source, target, [0, 2, 3]);
  const [whole, part] = [await openCheckpoint(source), await openCheckpoint(target)];
  expect(part.config.layers).toBe(3);
  expect(part.tensors.size).toBe(whole.tensors.size - 9);
  for (const name of part.tensors.keys()) {
    const was = name.replace(/^layers\.([12])\./, (_, n) => `layers.${Number(n) + 1}.`);
    const same = Buffer.compare(await part.readBytes(name), await whole.readBytes(was)) === 0;
    expect([name, same]).toEqual([name, true]);
  }
  await whole.close();
  await part.close();
});

test.each([
  [[], /No layer is kept/],
  [[0, 4], /There is no layer 4; the 4 layers are numbered 0 to 3/],
  [[-1], /There is no layer -1/],
  [[0.5], /There is no layer 0.5/],
  [[0, 2, 1], /Layer 1 stands after one that is not before it/],
  [[2, 2], /Layer 2 stands after/],
])("%j of four layers are refused", async (kept, message) => {
  await using folder = await temporaryFolder();
  await writeTinyModel(join(folder.path, "a"));
  await expect(truncateCheckpoint(join(folder.path, "a"), join(folder.path, "b"), kept)).rejects.toThrow(
    message,
  );
});

describe.each(Object.keys(goldens.cases))("config.json of %s", (name) => {
  // Every choice of layers, so that every rule over their numbers is broken somewhere.
  test("says of any layers what they were", () => {
    const config = configOf(name);
    const bare = parseConfig(
      JSON.stringify({
        ...goldens.cases[name]!.config,
        layer_types: undefined,
        no_rope_layers: undefined,
      }),
    );
    for (const each of [config, bare])
      for (let bits = 1; bits < 2 ** each.layers; bits++) {
        const kept = Array.from({ length: each.layers }, (_, i) => i).filter((i) => (bits >> i) & 1);
        const written = parseConfig(configOfLayers(each, kept));
        expect(written.blocks).toEqual(ofLayers(each, kept).blocks);
        expect(written.layers).toBe(kept.length);
      }
  });
});

test.each(["llama3", "gemma3", "smollm3", "bert"])(
  "%s embeds the same kept in memory, saved, and saved from what was kept before",
  async (name) => {
    await using folder = await temporaryFolder();
    const source = join(folder.path, "a");
    const config = configOf(name);
    await writeGoldenModel(source, config);
    await writeAdapter(source, adapterOf(goldenFactors(config, 2), config, 2, 4), { name });
    await using whole = await Encoder.load(source, { engine: fileInterpreter() });
    await using kept = whole.keep([0, 1, 3]);
    await using twice = kept.keep([0, 2]);
    await using first = twice.keep(1);
    for (const [place, encoder] of [kept, twice, first].entries()) {
      const target = join(folder.path, `b${place}`);
      await encoder.save(target);
      await using saved = await Encoder.load(target, { engine: fileInterpreter() });
      expect(saved.layers).toBe(encoder.layers);
      const [[expected], [actual]] = [await encoder.embed(["a_text"]), await saved.embed(["a_text"])];
      for (const [k, x] of actual!.entries()) expect(x).toBeCloseTo(expected![k]!, 4);
    }
    const [[a], [b]] = [await kept.embed(["a_text"]), await whole.keep(3).embed(["a_text"])];
    expect(a).not.toEqual(b);
  },
);

test("an encoder that looks both ways says so in the folder that it saves", async () => {
  await using folder = await temporaryFolder();
  const [source, target] = [join(folder.path, "a"), join(folder.path, "b")];
  await writeGoldenModel(source, configOf("mistral"));
  await using causal = await Encoder.load(source, { engine: fileInterpreter() });
  await using both = await Encoder.load(source, { engine: fileInterpreter(), attention: "bidirectional" });
  await both.keep(3).save(target);
  await using saved = await Encoder.load(target, { engine: fileInterpreter() });
  const [expected] = await both.keep(3).embed(["a_text_of_length"]);
  expect(await saved.embed(["a_text_of_length"])).toEqual([expected]);
  expect(await causal.keep(3).embed(["a_text_of_length"])).not.toEqual([expected]);
  expect(JSON.parse(await readFile(join(target, "config.json"), "utf8"))).toMatchObject({ is_causal: false });
});

test("PEFT can take layers out only where windows and positions stay in their places", () => {
  expect(replicable(configOf("llama3"), [0, 2, 3])).toBe(true);
  expect(replicable(configOf("mistral"), [1, 3])).toBe(true);
  expect(replicable(configOf("gemma3"), [0, 1, 2])).toBe(true);
  expect(replicable(configOf("gemma3"), [0, 1, 3])).toBe(false);
  expect(replicable(configOf("qwen2"), [0, 1, 3])).toBe(true);
  expect(replicable(configOf("qwen2"), [0, 2, 3])).toBe(false);
  expect(replicable(configOf("smollm3"), [0, 2])).toBe(false);
});
