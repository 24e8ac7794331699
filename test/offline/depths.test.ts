import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EvaluationResult, SearchResult } from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-depths-"));
  const words = "The cat sat. A dog ran. It rains. We eat bread. He is old. Birds sing.".split(". ");
  const rows = words.map((word, i) => ({ sentence1: word, sentence2: words[(i + 1) % 6], score: i % 4 }));
  await writeFile(join(folder, "sts.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = (args: string) =>
  espalier(args.replaceAll("MODEL", demoModel).replaceAll("TRIPLETS", demoTriplets).split(" "), {
    cwd: folder,
  });

test("every depth is measured in one pass as each is alone", async () => {
  const all = await run("evaluate MODEL --sts sts.jsonl --depths all --json");
  expect(all.code).toBe(0);
  const { depths, scores } = JSON.parse(all.out) as EvaluationResult;
  expect(depths!.map(({ layers }) => layers)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect(depths!.at(-1)!.scores).toEqual(scores);
  await run("prune MODEL cut --keep 5");
  const cut = JSON.parse((await run("evaluate cut --sts sts.jsonl --json")).out) as EvaluationResult;
  expect(depths![4].scores[0].score).toBeCloseTo(cut.scores[0].score, 5);
  const shown = await run("evaluate MODEL --sts sts.jsonl --depths 5,12");
  expect(shown.out).toContain(cut.scores[0].score.toFixed(4));
  expect(await run("evaluate MODEL --sts sts.jsonl --depths 13")).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringContaining("choose from 1 to 12") as string,
  });
});

test("a rule that picks inner layers writes the model with them, and says how sure it is", async () => {
  const args = "l3prune MODEL --triplets TRIPLETS --set batches=3 --set batchSize=8 --max-length 32";
  const { code, out } = await run(`${args} --set rule=block-influence --set large=9 --out kept --json`);
  expect(code).toBe(0);
  const { pruned, keep, stability } = JSON.parse(out) as SearchResult & { pruned: object };
  expect(pruned).toMatchObject({ after: { layers: 9 } });
  expect(keep!.large).toHaveLength(9);
  expect(stability!.large!.share).toBeGreaterThan(0);
  const config = JSON.parse(await readFile(join(folder, "kept", "config.json"), "utf8")) as object;
  expect(config).toMatchObject({ num_hidden_layers: 9 });
  await run(`prune MODEL same --keep ${keep!.large!.join(",")}`);
  const weights = (name: string) => readFile(join(folder, name, "model.safetensors"));
  expect((await weights("kept")).equals(await weights("same"))).toBe(true);
});

test("a control needs no texts, and what cannot be is refused in a line", async () => {
  const found = await run("l3prune MODEL --set rule=uniform --set small=3");
  expect(found).toMatchObject({ code: 0 });
  expect(found.out).toContain("small: 3 layers, 0,6,11");
  for (const [args, why] of [
    ["--set rule=random --set large=13", "13 layers cannot be kept of 12"],
    ["--triplets TRIPLETS --set small=3", "finds its sizes by itself"],
    ["--set rule=evaluation", "--depths all"],
    ["--set rule=sleb", "--triplets FILE is missing"],
    ["--set rule=best", "rule must be one of l3prune"],
  ] as const) {
    const { code, out, err } = await run(`l3prune MODEL ${args}`);
    expect([code === 0, out]).toEqual([false, ""]);
    expect(err).toContain(why);
  }
});

test("a training that draws depths leaves a model of which each can be cut without another", async () => {
  const args = "train MODEL --triplets TRIPLETS --set steps=2 --set batchSize=8 --max-length 32";
  expect(await run(`${args} --set adaptiveLayers=1 --out adaptive`)).toMatchObject({ code: 0 });
  const all = await run("evaluate adaptive --sts sts.jsonl --depths all --json");
  const { depths } = JSON.parse(all.out) as EvaluationResult;
  expect(depths).toHaveLength(12);
  expect(await run("prune adaptive shallow --keep 5")).toMatchObject({ code: 0 });
  const cut = JSON.parse((await run("evaluate shallow --sts sts.jsonl --json")).out) as EvaluationResult;
  // The model is in 16 bits, and so is what the adapter is merged into.
  expect(depths![4].scores[0].score).toBeCloseTo(cut.scores[0].score, 1);
  expect(await run(`${args} --set adaptiveLayers=12 --out never`)).toMatchObject({
    code: 1,
    err: expect.stringContaining("choose at most 11") as string,
  });
});
