import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SearchResult } from "@espalier/contract";
import { adapterOf, Encoder, l3prune, loraShapes } from "@espalier/encoder";
import { writeAdapter } from "@espalier/model";
import { readTriplets } from "@espalier/model/data";
import { chooseEngine } from "@espalier/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyWithOutliers } from "../../apps/compute/src/testing/outliers.ts";
import { demoModel, demoTriplets, espalier, type RunOptions } from "../../apps/cli/src/testing/espalier.ts";

const engine = chooseEngine("onnx-cpu");
let folder: string;
let encoder: Encoder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-offline-"));
  encoder = await Encoder.load(demoModel, { engine });
});
afterAll(async () => {
  await encoder?.close();
  await rm(folder, { recursive: true });
});

const run = (args: string, options: RunOptions = {}) =>
  espalier(args.replaceAll("MODEL", demoModel).replaceAll("TRIPLETS", demoTriplets).split(" "), {
    cwd: folder,
    ...options,
  });
const vectorsIn = (text: string): Float32Array[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => Float32Array.from(JSON.parse(line) as number[]));

/** Both compute in fp32, in chunks that may differ. */
function expectNear(actual: readonly Float32Array[], expected: readonly Float32Array[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, vector] of actual.entries()) {
    const worst = Math.max(...vector.map((x, k) => Math.abs(x - expected[i][k])));
    expect([i, vector.length, worst < 1e-4]).toEqual([i, expected[i].length, true]);
  }
}

const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((x, k) => x - b[k]));

async function sameFiles(a: string, b: string): Promise<void> {
  const names = await readdir(a);
  expect((await readdir(b)).sort()).toEqual(names.sort());
  for (const name of names)
    expect([name, (await readFile(join(a, name))).equals(await readFile(join(b, name)))]).toEqual([
      name,
      true,
    ]);
}

describe("prune", () => {
  test("writes what the library saves, and says what it weighs", async () => {
    const { code, out, err } = await run("prune MODEL pruned --drop 24%");
    expect([code, err]).toEqual([
      0,
      `prune: 100% (3.8 MB of 3.8 MB)\nwritten to ${join(folder, "pruned")}\n`,
    ]);
    expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["", "LAYERS", "PARAMETERS", "SIZE"],
      ["before", "12", "2.5 M", "5.0 MB"],
      ["after", "9", "1.9 M", "3.8 MB"],
      [""],
    ]);
    await encoder.keep(9).save(join(folder, "saved"));
    await sameFiles(join(folder, "saved"), join(folder, "pruned"));
  });

  test("keeps the layers that are named, and refuses what the model does not have", async () => {
    const { code } = await run("prune MODEL scattered --keep 0-4,9,11");
    expect(code).toBe(0);
    await encoder.keep([0, 1, 2, 3, 4, 9, 11]).save(join(folder, "kept"));
    await sameFiles(join(folder, "kept"), join(folder, "scattered"));
    const refused = await run("prune MODEL none --keep 0-12");
    expect([refused.code, refused.err]).toEqual([
      1,
      "error layers/out-of-range: There is no layer 12; the 12 layers are numbered 0 to 11.\n  field /layers\n",
    ]);
  });

  test("--json gives the same as data", async () => {
    const { code, out, err } = await run("prune MODEL five --keep 5 --json");
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toEqual({
      path: join(folder, "five"),
      before: { layers: 12, parameters: 2_477_184, bytes: 4_954_368 },
      after: { layers: 5, parameters: 1_185_152, bytes: 2_370_304 },
      mergedAdapter: false,
    });
  });

  test("merges an adapter that lies in the folder", async () => {
    const adapted = join(folder, "adapted");
    await cp(demoModel, adapted, { recursive: true });
    const { config } = encoder.model;
    const factors = [...loraShapes(config, 2)].map(([name, [rows, columns]]): [string, Float32Array] => [
      name,
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i) / 5),
    ]);
    await writeAdapter(adapted, adapterOf(new Map(factors), config, 2, 4), { name: "demo" });
    const { code, err } = await run("prune adapted merged --keep 3");
    expect([code, err]).toEqual([0, expect.stringContaining("adapter merged")]);
    const { out } = await run("embed merged one two");
    const before = (await Encoder.load(adapted, { engine })).keep(3);
    const expected = await before.embed(["one", "two"]);
    const [plain] = await encoder.keep(3).embed(["one"]);
    const [merged] = vectorsIn(out);
    // The product is rounded to bf16 once.
    expect(distance(merged, expected[0])).toBeLessThan(distance(plain, expected[0]) / 10);
    await before.close();
  });
});

describe("l3prune", () => {
  const search =
    "l3prune MODEL --triplets TRIPLETS --set batches=2 --set batchSize=16 --set seed=7 --max-length 32";
  let found: SearchResult;
  beforeAll(async () => {
    const short = new Encoder(encoder.model, { engine, maxLength: 32 });
    found = await l3prune(short, readTriplets(createReadStream(demoTriplets)), {
      settings: { batches: 2, batchSize: 16, seed: 7 },
    });
  });

  test("--json is the library's result, with what computed it", async () => {
    const { code, out, err } = await run(`${search} --json`);
    expect([code, err]).toEqual([0, ""]);
    const { computedOn, ...result } = JSON.parse(out) as SearchResult;
    expect(result).toEqual(found);
    expect(computedOn).toMatchObject({ engine: "onnx-cpu", precision: "fp32" });
  });

  test("draws the curve, with the picks and how sure they are", async () => {
    const { code, out, err } = await run(search);
    expect(code).toBe(0);
    expect(err).toContain("search: 100% (2/2 batches)");
    expect(out).toContain("(32 samples, scale 50, seed 7)");
    for (const pick of ["small", "large"] as const) {
      const depth = found[pick]!;
      const [loss, error] = [found.lossByLayer[depth - 1]!, found.standardErrorByLayer[depth - 1]!];
      expect(out).toContain(`▲ ${pick}: ${depth}`);
      expect(out).toContain(
        `${pick}: ${depth} of 12 layers, loss ${loss.toFixed(4)}, standard error ${error.toFixed(4)}`,
      );
    }
    for (const warning of found.warnings) expect(out).toContain(`! ${warning}`);
  });

  test("--mode reference searches as l3prune does", async () => {
    const { out } = await run(`${search} --mode reference --json`);
    expect(JSON.parse(out)).toMatchObject({ scale: 20, samples: 32 });
  });

  test.each([
    ["large", ""],
    ["small", " --keep small"],
  ] as const)("--out writes the model with the %s pick", async (pick, option) => {
    const { code, out } = await run(`${search} --json --out kept-${pick}${option}`);
    expect(code).toBe(0);
    const { pruned, computedOn: _, ...result } = JSON.parse(out) as SearchResult & { pruned: object };
    expect(result).toEqual(found);
    expect(pruned).toMatchObject({ path: join(folder, `kept-${pick}`), after: { layers: found[pick] } });
    await encoder.keep(found[pick]).save(join(folder, `saved-${pick}`));
    await sameFiles(join(folder, `saved-${pick}`), join(folder, `kept-${pick}`));
  });
});

describe("embed", () => {
  test("writes a file that appears whole, with the first numbers of each vector, and never over another", async () => {
    const { code, err } = await run("embed MODEL --keep 1 --dimensions 4 --out vectors.f32 one two");
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/2 vectors of 4 numbers written to .*vectors.f32/),
    ]);
    expect(await readFile(join(folder, "vectors.f32"))).toHaveLength(2 * 4 * 4);
    expect(await run("embed MODEL --keep 1 --out vectors.f32 one")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/resource\/conflict.*exists/s) as string,
    });
    expect(await run("embed MODEL --keep 1 --out none/vectors.f32 one")).toMatchObject({ code: 5 });
    expect((await readdir(folder)).filter((name) => name.startsWith(".vectors"))).toEqual([]);
    const told = await run("embed MODEL --keep 1 --instruction find --separator _ one");
    const [joined] = vectorsIn(told.out);
    const [same] = await encoder.keep(1).embed(["one"], { instruction: "find", separator: "_" });
    expectNear([joined], [same]);
  });

  const texts = Array.from(
    { length: 2500 },
    (_, i) => `Text ${(i * 7919) % 2500} of ${"many ".repeat(i % 7)}.`,
  );

  test("gives the library's vectors of its arguments", async () => {
    const { code, stdout, err } = await espalier(["embed", demoModel, "A cat.", "--", "-1 ü\n東京"]);
    expect([code, err]).toEqual([0, ""]);
    expectNear(vectorsIn(stdout.toString()), await encoder.embed(["A cat.", "-1 ü\n東京"]));
  });

  test("gives the vectors of lines in their order, over many batches", async () => {
    const stdin = [Buffer.from(`\ufeff${texts.slice(0, 2).join("\r\n")}\n`), texts.slice(2).join("\n")];
    const { code, out, err } = await run("embed MODEL --keep 1", { stdin });
    expect([code, err]).toEqual([0, ""]);
    const one = encoder.keep(1);
    expectNear(vectorsIn(out), await one.embed(texts));
    await one.close();
  });

  test("every option means what it means in the library", async () => {
    const args =
      "embed MODEL --pooling mean --pooled sequence --max-length 6 --drop 75% --instruction find --normalize";
    const { code, out } = await run(args, { stdin: texts.slice(0, 5).join("\n") });
    expect(code).toBe(0);
    const other = new Encoder(encoder.model, {
      engine,
      pooling: "mean",
      pooled: "sequence",
      maxLength: 6,
    }).keep(3);
    expectNear(
      vectorsIn(out),
      await other.embed(texts.slice(0, 5), { instruction: "find", normalize: true }),
    );
    await other.close();
  });

  test("f32 and npy hold the numbers of the JSON", async () => {
    const stdin = texts.slice(0, 3).join("\n");
    const json = vectorsIn((await run("embed MODEL --keep 2", { stdin })).out);
    const f32 = await run("embed MODEL --keep 2 --format f32", { stdin });
    const npy = await run("embed MODEL --keep 2 --format npy", { stdin });
    expect([f32.code, npy.code]).toEqual([0, 0]);
    expect(Array.from({ length: 3 * 128 }, (_, i) => f32.stdout.readFloatLE(4 * i))).toEqual(
      json.flatMap((vector) => Array.from(vector)),
    );
    expect(npy.stdout.subarray(0, 128).toString("latin1")).toContain("'shape': (3, 128)");
    expect(npy.stdout.subarray(128).equals(f32.stdout)).toBe(true);
  });
});

describe("bad input ends with one line that says what to do, and nothing on stdout or disk", () => {
  beforeAll(async () => {
    await cp(demoModel, join(folder, "untokenized"), { recursive: true });
    await rm(join(folder, "untokenized", "tokenizer.json"));
    await cp(demoModel, join(folder, "torn"), { recursive: true });
    await writeFile(join(folder, "torn", "model.safetensors"), "torn");
    await mkdir(join(folder, "empty"));
    const lines = (await readFile(demoTriplets, "utf8")).split("\n").slice(0, 40);
    lines[16] = '{"query":"q"}';
    await writeFile(join(folder, "broken.jsonl"), lines.join("\n"));
  });

  test.each<[args: string, exit: number, code: string, message: RegExp, stdin?: string]>([
    ["prune nowhere out --keep 3", 5, "local/not-found", /nowhere does not exist/],
    ["prune broken.jsonl out --keep 3", 5, "resource/not-found", /broken.jsonl is not a folder/],
    ["prune empty out --keep 3", 1, "checkpoint/incomplete", /config.json is missing/],
    ["prune untokenized out --keep 3", 1, "checkpoint/incomplete", /tokenizer.json is missing/],
    ["prune torn out --keep 3", 1, "checkpoint/malformed", /model.safetensors/],
    ["prune MODEL empty --keep 3", 1, "resource/conflict", /empty exists/],
    ["prune MODEL MODEL --keep 3", 1, "resource/conflict", /exists/],
    ["prune MODEL broken.jsonl/out --keep 3", 5, "local/not-found", /out does not exist: a part of the path/],
    ["prune MODEL out --keep 13", 1, "layers/out-of-range", /choose 1 to 12/],
    ["prune MODEL out --keep=-1", 1, "layers/out-of-range", /choose 1 to 12/],
    ["prune MODEL out --drop 99%", 1, "layers/out-of-range", /leaves none/],
    ["prune MODEL out", 2, "usage", /--keep 24, or --drop 30%/],
    ["prune MODEL --keep 3", 2, "usage", /needs DIR OUT/],
    ["prune MODEL out --keep few", 2, "usage", /whole number/],
    ["prune MODEL out --keep small", 2, "usage", /espalier l3prune/],
    ["prune MODEL out --keep 3 --shards 2", 2, "usage", /--shards/],
    ["l3prune MODEL", 2, "usage", /--triplets FILE is missing/],
    ["l3prune MODEL --triplets nowhere.jsonl", 5, "local/not-found", /nowhere.jsonl does not exist/],
    ["l3prune MODEL --triplets empty", 2, "local/is-a-folder", /is a folder, and a file is needed/],
    ["l3prune nowhere --triplets TRIPLETS", 5, "local/not-found", /nowhere does not exist/],
    ["l3prune untokenized --triplets TRIPLETS", 1, "checkpoint/incomplete", /tokenizer.json is missing/],
    ["l3prune MODEL --triplets broken.jsonl --out out", 1, "dataset/malformed", /line 17/],
    [
      "l3prune MODEL --triplets broken.jsonl --set batchSize=1",
      1,
      "request/invalid",
      /batchSize must be >= 2/,
    ],
    [
      "l3prune MODEL --triplets TRIPLETS --set batchSize=4097",
      1,
      "request/invalid",
      /batchSize must be <= 4096/,
    ],
    ["l3prune MODEL --triplets TRIPLETS --set scale=much", 1, "request/invalid", /scale must be number/],
    ["l3prune MODEL --triplets TRIPLETS --mode odd", 2, "usage", /--mode must be default or reference/],
    ["l3prune MODEL --triplets TRIPLETS --keep large", 2, "usage", /--keep needs --out/],
    ["l3prune MODEL --triplets TRIPLETS --keep half --out out", 2, "usage", /small or large/],
    ["l3prune MODEL --triplets TRIPLETS --out empty", 1, "resource/conflict", /empty exists/],
    ["train MODEL --out out", 2, "usage", /--triplets FILE, or --texts FILE/],
    ["train MODEL --triplets TRIPLETS", 2, "usage", /--out OUT is missing/],
    ["train MODEL --triplets TRIPLETS --out out --set step=3", 1, "request/invalid", /no setting "step"/],
    ["train MODEL --triplets TRIPLETS --out out --set checkpointEvery=3", 2, "usage", /checkpointEvery/],
    [
      "train MODEL --triplets TRIPLETS --memory 50MB --out out",
      1,
      "run/does-not-fit",
      /takes 0\.\d\d GB at least/,
    ],
    ["train MODEL --triplets TRIPLETS --out empty", 1, "resource/conflict", /empty exists/],
    ["train MODEL --triplets broken.jsonl --out out", 1, "dataset/malformed", /line 17/],
    ["train MODEL --triplets TRIPLETS --format lines --out out", 1, "request/invalid", /Only bare texts/],
    ["train adapted --triplets TRIPLETS --out out", 1, "config/unsupported", /merge it first/],
    ["train nowhere --triplets TRIPLETS --out out", 5, "local/not-found", /nowhere does not exist/],
    ["evaluate MODEL", 2, "usage", /--sts FILE is missing/],
    ["evaluate MODEL --sts nowhere.jsonl", 5, "local/not-found", /nowhere.jsonl does not exist/],
    ["evaluate MODEL --sts TRIPLETS", 1, "dataset/malformed", /line 1/],
    ["export MODEL", 2, "usage", /--out OUT is missing/],
    ["export ./nowhere --out out", 5, "local/not-found", /nowhere does not exist/],
    ["export nowhere --out out", 5, "resource/not-found", /no folder .* and no service/],
    ["export ./torn --out out", 1, "checkpoint/malformed", /model.safetensors/],
    ["export MODEL --out out --format tar", 1, "request/invalid", /must be one of safetensors/],
    ["export MODEL --out out --dtype Q4", 1, "request/invalid", /dtype must be one of F32/],
    ["export MODEL --out out --format peft", 1, "export/unsupported", /has no adapter/],
    ["export torn --out out --url http://127.0.0.1:1 --key x", 75, "service/unavailable", /./],
    ["embed", 2, "usage", /needs DIR/],
    ["embed nowhere text", 5, "local/not-found", /nowhere does not exist/],
    ["embed MODEL --keep 13 text", 1, "layers/out-of-range", /choose 1 to 12/],
    ["embed MODEL --pooling median text", 1, "request/invalid", /pooling must be one of/],
    ["embed MODEL --dimensions 9999 text", 1, "request/invalid", /dimensions must be from 1/],
    ["embed MODEL --max-length 0 text", 1, "request/invalid", /maxLength must be >= 1/],
    ["embed MODEL --format yaml text", 2, "usage", /one of json, npy, f32/],
    ["embed MODEL --model x text", 2, "usage", /--model/],
    ["embed MODEL", 1, "dataset/empty", /no texts/, ""],
    ["embed MODEL", 1, "dataset/malformed", /line 3 is empty/, "one\ntwo\n\nfour\n"],
    ["embed MODEL", 1, "dataset/malformed", /line 2 is empty/, "one\n  \t\nthree\n"],
    ["embed MODEL --max-length 1 --instruction find", 1, "text/empty", /line 1: .*maximum length/, "one\n"],
    ["embed MODEL --max-length 1 --instruction find one", 1, "text/empty", /text 1: .*maximum length/],
  ])("%s", async (args, exit, code, message, stdin = "") => {
    const before = await readdir(folder);
    const { code: ended, out, err } = await run(`${args} --json`, { stdin });
    expect({ ended, out }, err).toEqual({ ended: exit, out: "" });
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(err)).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readdir(folder)).toEqual(before);
  });

  test("an engine or a number of threads that there is not, by the environment", async () => {
    const engine = await run("embed MODEL text", { environment: { ESPALIER_ENGINE: "abacus" } });
    expect([engine.code, engine.err]).toEqual([1, expect.stringMatching(/no engine "abacus".*onnx-cpu/)]);
    const threads = await run("embed MODEL text", { environment: { ESPALIER_THREADS: "many" } });
    expect([threads.code, threads.err]).toEqual([1, expect.stringMatching(/ESPALIER_THREADS is "many"/)]);
  });

  test("a name that may be a folder and a model of the service, which one path or id tells apart", async () => {
    const environment = { ESPALIER_URL: "http://127.0.0.1:1", ESPALIER_KEY: "x" };
    const either = await run("export torn --out out", { environment });
    expect([either.code, either.err]).toEqual([2, expect.stringMatching(/write .\/torn for the folder/)]);
    const folder = await run("export ./torn --out out", { environment });
    expect([folder.code, folder.err]).toEqual([1, expect.stringMatching(/checkpoint\/malformed/)]);
  });

  test("lines that are not UTF-8", async () => {
    const { code, err } = await run("embed MODEL", { stdin: [Buffer.from("one\n"), Buffer.of(0xff, 0x0a)] });
    expect([code, err]).toEqual([1, expect.stringContaining("line 2 is not UTF-8")]);
  });
});

test("an export whose vectors in 8 bits are not the model's has no such file, says so, and is read in floats by default", async () => {
  await copyWithOutliers(demoModel, join(folder, "outliers"));
  const options = "--pooling mean --pooled sequence --max-length 16";
  const { code, out, err } = await run(`export ./outliers --format onnx --out refused ${options}`);
  expect({ code, out }, err).toEqual({
    code: 0,
    out: expect.stringMatching(/0\.\d+ \(left out\)/) as string,
  });
  expect(out).toContain("The ONNX file in 8 bits is left out");
  expect((await readdir(join(folder, "refused/onnx"))).toSorted()).toEqual(["model.onnx", "model.onnx_data"]);
  const config = JSON.parse(await readFile(join(folder, "refused/config.json"), "utf8")) as object;
  expect(config).toMatchObject({
    "transformers.js_config": { use_external_data_format: true, dtype: "fp32" },
  });
}, 240_000);
