import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { interpreter } from "@espalier/tensor";
import { expect, it } from "vitest";
import { loadModel } from "../loaded-model.ts";
import { fullModel } from "./full.ts";
import { GradCache } from "./gradcache.ts";
import { drawDepths } from "./loss-at-depths.ts";

/** Written by tools/oracle/adaptive_layers.py. */
const golden = JSON.parse(readFileSync(new URL("adaptive-golden.json", import.meta.url), "utf8")) as {
  columns: string[][];
  scale: number;
  cases: {
    depths: number[];
    prefixes: number[];
    loss: number;
    gradients: Record<string, [norm: number, ramp: number]>;
  }[];
};
const model = await loadModel(fileURLToPath(new URL("../testing/folders/bert", import.meta.url)));
const texts = golden.columns.flat().map((text) => model.tokenizer.tokenize(text, { pooled: "sequence" }));

it.each(golden.cases)(
  "is sentence-transformers' AdaptiveLayerLoss at $depths with the prefixes $prefixes, with its gradient of every weight",
  async ({ depths, prefixes, loss, gradients }) => {
    const trainable = fullModel(model);
    const cache = await GradCache.open({
      model,
      engine: interpreter(),
      pooling: "mean",
      trainable,
      scale: golden.scale,
      ...(prefixes.length > 0 && { matryoshka: prefixes }),
      adaptiveLayers: depths.length,
      chunkTokens: 64,
    });
    const drawing = Array.from({ length: 100 }, (_, seed) => seed).find(
      (seed) => String(drawDepths(model.config.layers, depths.length, seed)) === String(depths),
    );
    const step = await cache.step(texts, golden.columns[0]!.length, await trainable.start(), {
      seed: drawing!,
    });
    expect(step.loss).toBeCloseTo(loss, 5);
    expect(Object.keys(gradients).length).toBeGreaterThan(40);
    const largest = Math.max(...Object.values(gradients).map(([norm]) => norm));
    for (const [name, [norm, ramp]] of Object.entries(gradients)) {
      const own = step.gradients.get(name)!;
      const last = own.length - 1;
      expect(Math.abs(Math.hypot(...own) - norm), name).toBeLessThan(1e-5 * largest + 1e-4 * norm);
      const sum = own.reduce((total, x, i) => total + (x * i) / last, 0);
      expect(Math.abs(sum - ramp), name).toBeLessThan(1e-5 * largest + 1e-4 * norm);
    }
  },
);

it("draws different depths below the whole, all of them, the same for the same seed", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const drawn = drawDepths(5, 2, seed);
    expect(drawn).toEqual(drawDepths(5, 2, seed));
    expect(new Set(drawn).size).toBe(2);
    for (const depth of drawn) seen.add(depth);
  }
  expect(seen).toEqual(new Set([1, 2, 3, 4]));
});
