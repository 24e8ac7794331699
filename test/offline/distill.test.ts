import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainingResult } from "@espalier/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-distill-"));
  const lines = "The cat sat.|A dog ran.|It rains.|We eat bread.|He is old.|Birds sing.".split("|");
  await writeFile(join(folder, "texts.txt"), `${lines.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (args: string) =>
  espalier(args.replaceAll("MODEL", demoModel).replaceAll("TRIPLETS", demoTriplets).split(" "), {
    cwd: folder,
  });
const distill = "--set objective=distill --set steps=2 --set batchSize=3 --max-length 32";

test("a pruned model learns from the whole one, of bare texts", async () => {
  expect(await run("prune MODEL cut --keep 3")).toMatchObject({ code: 0 });
  const { code, out } = await run(
    `train cut --texts texts.txt --teacher MODEL ${distill} --out student --json`,
  );
  expect(code).toBe(0);
  expect(JSON.parse(out) as TrainingResult).toMatchObject({ steps: 2, taught: 6 });
  expect(await readdir(join(folder, "student"))).toContain("adapter_model.safetensors");
});

test("what cannot be learned is refused in a line", async () => {
  for (const [args, why] of [
    [`train MODEL --texts texts.txt ${distill}`, "needs a teacher"],
    ["train MODEL --triplets TRIPLETS --teacher MODEL", "objective distill"],
    [`train MODEL --texts texts.txt --teacher MODEL ${distill} --set contrastiveWeight=1`, "no positives"],
    [`train MODEL --texts texts.txt --teacher nowhere ${distill}`, "nowhere"],
  ] as const) {
    const { code, out, err } = await run(`${args} --out never`);
    expect([code === 0, out]).toEqual([false, ""]);
    expect(err).toContain(why);
  }
});
