import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { demoModel, demoTriplets, espalier } from "../../apps/cli/src/testing/espalier.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-memory-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("a training in little memory, and one that keeps its activations, have the loss of any other", async () => {
  const train = async (name: string, ...more: string[]) => {
    const settings = ["--set", "steps=2", "--set", "batchSize=64", "--max-length", "16"];
    const args = ["train", demoModel, "--triplets", demoTriplets, ...settings, "--out", name, ...more];
    const { code, out, err } = await espalier([...args, "--json"], { cwd: folder });
    expect(err).toMatch(
      /^\{"warning":"\d+ % of the texts are longer than 16 tokens and are cut, [^\n]*\}\n?$/,
    );
    expect(code).toBe(0);
    return JSON.parse(out) as { lastLoss: number; peakMemoryBytes: number };
  };
  const usual = await train("usual");
  const [little, much] = [
    await train("little", "--memory", "302MB"),
    await train("much", "--memory", "4GiB"),
  ];
  expect(little.lastLoss).toBeCloseTo(usual.lastLoss, 5);
  expect(much.lastLoss).toBeCloseTo(usual.lastLoss, 5);
  // The smallest chunks there are, beside all activations of 192 texts.
  expect(little.peakMemoryBytes).toBeLessThan(much.peakMemoryBytes);
});
