import { expect, test } from "vitest";
import type { Embed } from "./embed.ts";
import { evaluateSts } from "./sts.ts";

/** Angle on the unit circle by the number in the text. */
const circle: Embed = async (texts) =>
  texts.map((text) => Float32Array.of(Math.cos(Number(text)), Math.sin(Number(text))));
const pair = (sentence1: string, sentence2: string, score: number) => ({ sentence1, sentence2, score });

test("embeddings that order the pairs as people did score 1, those of the opposite order -1", async () => {
  const pairs = [pair("0", "0.1", 5), pair("0", "0.5", 3), pair("0.1", "2", 1)];
  const exact = await evaluateSts(pairs, circle);
  expect(exact.units.values.length).toBe(3);
  expect(exact.metrics["spearman"]).toBeCloseTo(1, 12);
  expect(exact.metrics["pearson"]).toBeGreaterThan(0.9);
  const opposite = await evaluateSts(
    pairs.map((item) => ({ ...item, score: -item.score })),
    circle,
  );
  expect(opposite.metrics["spearman"]).toBeCloseTo(-1, 12);
});

test("each distinct text is embedded once", async () => {
  const asked: string[] = [];
  const embed: Embed = (texts, side) => (asked.push(...texts), circle(texts, side));
  await evaluateSts([pair("0", "1", 1), pair("1", "0", 2), pair("2", "0", 3)], embed);
  expect(asked).toEqual(["0", "1", "2"]);
});

test.each<[reason: string, scores: number[], embed: Embed, code: string]>([
  ["one pair", [1], circle, "dataset/too-small"],
  ["equal scores", [2, 2], circle, "dataset/malformed"],
  ["equal embeddings", [1, 2], async (texts) => texts.map(() => Float32Array.of(1, 0)), "training/collapsed"],
  [
    "embeddings that are not finite",
    [1, 2],
    async (texts) => texts.map(() => Float32Array.of(Number.NaN, 0)),
    "training/diverged",
  ],
])("%s give no order, and no number is made up for it", async (_, scores, embed, code) => {
  const pairs = scores.map((score, i) => pair(String(i), String(i + 1), score));
  await expect(evaluateSts(pairs, embed)).rejects.toMatchObject({ code });
});
