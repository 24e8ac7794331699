import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, espalier } from "../../apps/cli/src/testing/espalier.ts";

let folder: string;
const texts = ["The cat sat.", "A dog ran.", "It rains.", "We eat bread."];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-vocabulary-"));
  await writeFile(join(folder, "texts.txt"), `${texts.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (args: readonly string[]) => espalier(args, { cwd: folder });
const vectorsOf = async (model: string) => (await run(["embed", model, ...texts, "--json"])).out;

test("a model loses the tokens that a corpus does not use, and none of the bits of its vectors", async () => {
  const args = ["prune", demoModel, "trimmed", "--keep", "4", "--vocabulary", "texts.txt", "--json"];
  const { code, out } = await run(args);
  expect(code).toBe(0);
  const { before, after } = JSON.parse(out) as Record<
    "before" | "after",
    { parameters: number; layers: number }
  >;
  expect(after.layers).toBe(4);
  expect(after.parameters).toBeLessThan(before.parameters / 2);
  expect(await run(["prune", demoModel, "whole", "--keep", "4"])).toMatchObject({ code: 0 });
  expect(await vectorsOf("trimmed")).toBe(await vectorsOf("whole"));
  const config = async (name: string) =>
    JSON.parse(await readFile(join(folder, name, "config.json"), "utf8")) as { vocab_size: number };
  expect((await config("trimmed")).vocab_size).toBeLessThan((await config("whole")).vocab_size);
  // What it has never seen is cut into smaller tokens.
  expect(await run(["embed", "trimmed", "Zebras yawn; ß 猫"])).toMatchObject({ code: 0 });
  expect((await readdir(folder)).sort()).toEqual(["texts.txt", "trimmed", "whole"]);
});
