import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { interpreter, type Engine } from "@espalier/tensor";
import { describe, expect, it } from "vitest";
import { parseConfig, writeAdapter, type LoraAdapter } from "@espalier/model";
import { Encoder } from "./encoder.ts";
import { fileInterpreter } from "./testing/file-interpreter.ts";
import { goldenFactors, writeGoldenModel } from "./testing/golden-model.ts";
import { tinyEncoder, tinyLlama } from "./testing/tiny-encoder.ts";
import { temporaryFolder } from "../../model/src/testing/tiny-model.ts";
import { adapterOf } from "./training/lora.ts";

describe("Encoder", () => {
  it("gives each text the vector it has alone, whatever it is computed together with", async () => {
    const texts = ["a longer text here", "cat", "dog", "we go", "cat", "a"];
    const chunks = [1, 8, 1000];
    const results = await Promise.all(
      chunks.map(async (chunkTokens) => {
        const encoder = new Encoder(tinyEncoder(), { engine: interpreter(), chunkTokens });
        return encoder.embed(texts);
      }),
    );
    for (const vectors of results) {
      expect(vectors).toHaveLength(6);
      expect(vectors[1]).toEqual(vectors[4]);
      for (const [i, vector] of vectors.entries())
        for (const [k, x] of vector.entries()) expect(x).toBeCloseTo(results[0]![i]![k]!, 5);
    }
  });

  it("is steered by an instruction that it does not pool", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter(), pooling: "last_token" });
    const [plain] = await encoder.embed(["cat"]);
    const [told] = await encoder.embed(["cat"], { instruction: "find" });
    const [same] = await encoder.embed(["find; cat"]);
    expect(told).toEqual(same);
    expect(told).not.toEqual(plain);
  });

  it("pools the instruction, too, where every token is pooled", async () => {
    const options = { engine: interpreter(), pooling: "mean" } as const;
    const encoder = new Encoder(tinyEncoder(), { ...options, pooled: "sequence" });
    const [told] = await encoder.embed(["cat"], { instruction: "find" });
    const [same] = await new Encoder(tinyEncoder(), options).embed(["find; cat"]);
    expect(told).toEqual(same);
  });

  it("joins instruction and text by another separator where asked, and by a blank in reference mode", async () => {
    const options = { engine: interpreter(), pooling: "last_token" } as const;
    const encoder = new Encoder(tinyEncoder(), options);
    const reference = new Encoder(tinyEncoder(), { ...options, mode: "reference" });
    const [joined] = await encoder.embed(["cat"], { instruction: "find", separator: "_" });
    expect([joined]).toEqual(await encoder.embed(["find_cat"]));
    const [told] = await reference.embed(["cat"], { instruction: " find " });
    expect([told]).toEqual(await reference.embed(["find cat"]));
  });

  it("embeds in reference mode at most 400 tokens of a text, by whole words, as l3prune's encode does", async () => {
    const options = { engine: interpreter(), pooling: "mean" } as const;
    const reference = new Encoder(tinyEncoder(), { ...options, mode: "reference" });
    const words = (count: number) => Array.from({ length: count }, () => "cat").join(" ");
    // 120 words are 479 letters and blanks: floor(120 * 400 / 479) = 100 words are left, which are 399.
    const [long, short, whole] = await reference.embed([words(120), words(100), words(101)]);
    expect(long).toEqual(short);
    const [other] = await new Encoder(tinyEncoder(), options).embed([words(101)]);
    expect(whole).not.toEqual(other);
  });

  it("keeps the first numbers of a vector where asked, scaled by its folder before and by its caller after", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() });
    const [whole] = await encoder.embed(["cat"]);
    const [cut] = await encoder.embed(["cat"], { dimensions: 3 });
    expect(cut).toEqual(whole!.slice(0, 3));
    const [scaled] = await encoder.embed(["cat"], { dimensions: 3, normalize: true });
    expect(Math.hypot(...scaled!)).toBeCloseTo(1, 6);
    const unit = new Encoder(tinyEncoder(), { engine: interpreter(), normalizes: true });
    const [part] = await unit.embed(["cat"], { dimensions: 3 });
    const length = Math.hypot(...whole!);
    for (const [k, x] of part!.entries()) expect(x).toBeCloseTo(whole![k]! / length, 6);
    await expect(encoder.embed(["cat"], { dimensions: 9 })).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field: "/dimensions" },
    });
  });

  it("puts texts into its template", async () => {
    const template = { name: "turn", prefix: "user ", separator: "; ", suffix: " end", trims: true };
    const encoder = new Encoder(tinyEncoder(), {
      engine: interpreter(),
      pooling: "last_token",
      template,
    });
    const [turn] = await encoder.embed(["cat "], { instruction: " find" });
    const plain = new Encoder(tinyEncoder(), { engine: interpreter(), pooling: "last_token" });
    expect([turn]).toEqual(await plain.embed(["user find; cat end"]));
  });

  it("scales vectors to length 1 where asked, and reports real tokens", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() });
    const seen: unknown[] = [];
    const [vector] = await encoder.embed(["cat", "mouse"], {
      normalize: true,
      report: (progress) => seen.push(progress),
    });
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 6);
    expect(seen.at(-1)).toEqual({ texts: 2, total: 2, tokens: 8 });
  });

  it("cuts long texts on the right", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter(), maxLength: 4 });
    const [cut, whole] = await encoder.embed(["abcdef", "abcd"]);
    expect(cut).toEqual(whole);
  });

  it("names the text that nothing is left of", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() });
    await expect(encoder.embed(["cat", "dog", "", ""])).rejects.toMatchObject({
      code: "text/empty",
      facts: { field: "/2" },
    });
  });

  it("refuses options that cannot be", () => {
    const wrong = (options: object) => () =>
      new Encoder(tinyEncoder(), { engine: interpreter(), ...options });
    expect(wrong({ pooling: "median" })).toThrow(/pooling must be one of weighted_mean/);
    expect(wrong({ maxLength: 0 })).toThrow(/maxLength must be >= 1/);
    expect(wrong({ maxLength: undefined, pooling: undefined })).not.toThrow();
  });

  it("opens its graph once, when it is first needed, again where that failed, and never after it was closed", async () => {
    let opened = 0;
    let closed = 0;
    const counting: Engine = {
      name: "counting",
      async open(...graph) {
        if (opened++ === 0) throw new Error("no memory");
        const executable = await interpreter().open(...graph);
        return { ...executable, close: async () => void closed++ };
      },
    };
    const encoder = new Encoder(tinyEncoder(), { engine: counting });
    const kept = encoder.keep(2);
    expect(opened).toBe(0);
    await expect(encoder.embed(["cat"])).rejects.toThrow("no memory");
    await Promise.all([encoder.embed(["cat"]), encoder.embed(["dog"])]);
    expect(opened).toBe(2);
    await encoder.close();
    await encoder.close();
    expect(closed).toBeGreaterThan(0);
    await expect(encoder.embed(["cat"])).rejects.toThrow("the encoder is closed");
    expect(await kept.embed(["cat"])).toHaveLength(1);
  });
});

describe("Encoder.keep", () => {
  it("is the encoder of the first layers, of the first layers again", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter(), pooling: "mean" });
    expect([encoder.layers, encoder.width]).toEqual([3, 8]);
    const one = encoder.keep(1);
    expect([one.layers, one.width, one.encoding.pooling]).toEqual([1, 8, "mean"]);
    expect(await encoder.keep(2).keep(1).embed(["cat"])).toEqual(await one.embed(["cat"]));
    expect(await encoder.keep(3).embed(["cat"])).toEqual(await encoder.embed(["cat"]));
    expect(await one.embed(["cat"])).not.toEqual(await encoder.embed(["cat"]));
  });

  it.each([0, 4, -1, 1.5, Number.NaN, null])("refuses %s of 3 layers", (layers) => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() });
    expect(() => encoder.keep(layers)).toThrow(expect.objectContaining({ code: "layers/out-of-range" }));
  });

  it("does not give more layers than it kept", () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() }).keep(2);
    expect(() => encoder.keep(3)).toThrow("3 layers cannot be kept of 2");
  });
});

const { cases } = JSON.parse(
  await readFile(new URL("../../model/src/testing/goldens/architectures.json", import.meta.url), "utf8"),
) as { cases: Record<string, { config: object }> };
const texts = ["the cat", "a", "some longer text of letters"];

function adapterFor(config: typeof tinyLlama): LoraAdapter {
  return adapterOf(goldenFactors(config, 2), config, 2, 4);
}

describe("Encoder.save", () => {
  it.each(Object.keys(cases))(
    "writes the layers that are kept of %s, which load as they were",
    async (name) => {
      await using folder = await temporaryFolder();
      const [source, target] = [join(folder.path, "source"), join(folder.path, "kept")];
      await writeGoldenModel(source, parseConfig(JSON.stringify(cases[name]!.config)));
      const encoder = await Encoder.load(source, { engine: fileInterpreter() });
      const kept = encoder.keep(3);
      await kept.save(target);
      const loaded = await Encoder.load(target, { engine: fileInterpreter() });
      expect(loaded.layers).toBe(3);
      expect(await loaded.embed(texts)).toEqual(await kept.embed(texts));
    },
  );

  it.each(["llama3", "phi3", "bert"])(
    "merges the adapter of %s into the layers that are kept",
    async (name) => {
      await using folder = await temporaryFolder();
      const [source, target] = [join(folder.path, "source"), join(folder.path, "kept")];
      const config = parseConfig(JSON.stringify(cases[name]!.config));
      await writeGoldenModel(source, config);
      await writeAdapter(source, adapterFor(config), { name: "base" });
      const encoder = await Encoder.load(source, { engine: fileInterpreter() });
      const kept = encoder.keep(2);
      await kept.save(target);
      const loaded = await Encoder.load(target, { engine: fileInterpreter() });
      expect([loaded.layers, loaded.adapter]).toEqual([2, undefined]);
      const [expected, actual] = [await kept.embed(texts), await loaded.embed(texts)];
      for (const [i, vector] of actual.entries())
        for (const [k, x] of vector.entries()) expect(x).toBeCloseTo(expected[i]![k]!, 4);
      const plain = new Encoder(kept.model, { engine: fileInterpreter() });
      expect(Math.abs((await plain.embed(texts))[0]![0]! - expected[0]![0]!)).toBeGreaterThan(1e-2);
    },
  );

  it("reads an adapter that was trained on some layers of its base as PEFT does", async () => {
    await using folder = await temporaryFolder();
    const [base, pruned, target] = ["base", "pruned", "merged"].map((name) => join(folder.path, name));
    const config = parseConfig(JSON.stringify(cases["llama3"]!.config));
    await writeGoldenModel(base!, config);
    const engine = fileInterpreter();
    const layers = [0, 2];
    await (await Encoder.load(base!, { engine })).keep(layers).save(pruned!);
    const adapter = adapterFor({ ...config, blocks: config.blocks.slice(0, 2) });
    const trained = await Encoder.load(pruned!, { engine, adapter });
    await writeAdapter(base!, adapter, { name: "base", layers });

    const read = await Encoder.load(base!, { engine });
    expect(read.layers).toBe(2);
    const expected = await trained.embed(texts);
    expect(await read.embed(texts)).toEqual(expected);
    await read.keep(1).save(target!);
    const [first] = await trained.keep(1).embed(texts);
    const [merged] = await (await Encoder.load(target!, { engine })).embed(texts);
    for (const [k, x] of merged!.entries()) expect(x).toBeCloseTo(first![k]!, 4);
  });

  it("leaves an occupied folder as it is", async () => {
    await using folder = await temporaryFolder();
    await writeGoldenModel(join(folder.path, "source"), tinyLlama);
    const encoder = await Encoder.load(join(folder.path, "source"), { engine: fileInterpreter() });
    await expect(encoder.save(join(folder.path, "source"))).rejects.toMatchObject({
      code: "resource/conflict",
    });
    await writeFile(join(folder.path, "file"), "mine");
    await expect(encoder.save(join(folder.path, "file"))).rejects.toMatchObject({
      code: "resource/conflict",
    });
    expect((await readdir(folder.path)).sort()).toEqual(["file", "source"]);
  });

  it("says so where there is no folder to save from", async () => {
    const encoder = new Encoder(tinyEncoder(), { engine: interpreter() });
    await expect(encoder.save("never-made")).rejects.toThrow(TypeError);
  });
});

describe("Encoder.load", () => {
  it("cuts texts where a table of positions ends", async () => {
    await using folder = await temporaryFolder();
    await writeGoldenModel(folder.path, parseConfig(JSON.stringify(cases["roberta"]!.config)));
    const encoder = await Encoder.load(folder.path, { engine: fileInterpreter() });
    const { positions } = encoder.model.config.embedding;
    const most = positions!.rows - positions!.first;
    expect(encoder.encoding.maxLength).toBe(most);
    const [long, cut] = await encoder.embed(["a".repeat(most + 1), "a".repeat(most)]);
    expect(long).toEqual(cut);
    expect(new Encoder(encoder.model, { engine: interpreter(), maxLength: 8 }).encoding.maxLength).toBe(8);
  });

  it("refuses an adapter of another model, naming the layer", async () => {
    await using folder = await temporaryFolder();
    await writeGoldenModel(folder.path, tinyLlama);
    const { config } = new Encoder(tinyEncoder(), { engine: interpreter() }).model;
    await writeAdapter(folder.path, adapterFor({ ...config, blocks: config.blocks.slice(0, 2) }), {
      name: "base",
    });
    await expect(Encoder.load(folder.path, { engine: fileInterpreter() })).resolves.toMatchObject({
      layers: 3,
    });
    const wider = parseConfig(
      JSON.stringify({ ...Object.fromEntries(config.source), intermediate_size: 12 }),
    );
    await writeAdapter(folder.path, adapterFor(wider), { name: "base" });
    await expect(Encoder.load(folder.path, { engine: fileInterpreter() })).rejects.toMatchObject({
      code: "checkpoint/incomplete",
      facts: { tensor: expect.stringMatching(/^layers\.\d\.mlp\./) },
    });
  });

  it.each([
    ["no folder", "nowhere", "checkpoint/incomplete"],
    ["a folder without a tokenizer", "untokenized", "checkpoint/incomplete"],
  ])("refuses %s", async (_, name, code) => {
    await using folder = await temporaryFolder();
    await writeGoldenModel(join(folder.path, "untokenized"), tinyLlama);
    await rm(join(folder.path, "untokenized", "tokenizer.json"));
    await expect(Encoder.load(join(folder.path, name), { engine: fileInterpreter() })).rejects.toMatchObject({
      code,
    });
  });
});
