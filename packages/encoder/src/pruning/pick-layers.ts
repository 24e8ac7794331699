import type { SearchResult } from "@espalier/contract";
import type { Picks } from "./picks.ts";

/** The depth of the least value in each half of the depths; the first of equals, never one that is not finite. */
export function leastOfHalves(values: readonly number[]): Picks {
  const half = Math.floor(values.length / 2);
  return { small: leastOf(values, 1, half), large: leastOf(values, half + 1, values.length) };
}

/** Where the least finite value stands, the first of equals; undefined where none is finite. */
export function leastAt(values: readonly number[]): number | undefined {
  const depth = leastOf(values, 1, values.length);
  return depth === null ? undefined : depth - 1;
}

function leastOf(values: readonly number[], from: number, to: number): number | null {
  let best: number | null = null;
  for (let depth = from; depth <= to; depth++) {
    const value = values[depth - 1]!;
    if (Number.isFinite(value) && (best === null || value < values[best - 1]!)) best = depth;
  }
  return best;
}

/**
 * L3Prune's rule: `small` is the depth of least loss in the first half of the layers, `large` in the second; the first
 * of equals wins, a loss that is not finite never does. The first half of N layers is depths 1 … ⌊N/2⌋.
 *
 * Depths of the same half that the samples cannot tell from the pick are named in a warning: their mean difference over
 * the batches is less than its own standard error (batches are shared by all depths, so differences are paired).
 * @param losses one row for each depth, one number for each batch
 */
export function pickLayers(
  losses: readonly (readonly number[])[],
): Pick<SearchResult, "lossByLayer" | "standardErrorByLayer" | "small" | "large" | "warnings"> {
  const means = losses.map(mean);
  const lossByLayer = means.map(finite);
  const standardErrorByLayer = losses.map((row) => finite(standardError(row)));
  const warnings: string[] = [];
  const broken = lossByLayer.flatMap((loss, i) => (loss === null ? [i + 1] : []));
  if (broken.length > 0)
    warnings.push(
      `The loss is not a finite number with ${broken.join(", ")} layers; such depths are never picked.`,
    );

  const pick = (name: string, from: number, to: number): number | null => {
    const best = leastOf(means, from, to);
    if (best === null) {
      warnings.push(`No depth can be picked as ${name}.`);
      return null;
    }
    const row = losses[best - 1]!;
    const close: number[] = [];
    for (let depth = from; depth <= to; depth++) {
      if (depth === best || lossByLayer[depth - 1] === null) continue;
      const differences = losses[depth - 1]!.map((loss, batch) => loss - row[batch]!);
      if (differences.length > 1 && mean(differences) < standardError(differences)) close.push(depth);
    }
    if (close.length > 0)
      warnings.push(
        `${name}: the loss with ${close.join(", ")} layers is within one standard error of the pick of ${best}; more batches would tell them apart.`,
      );
    return best;
  };
  const half = Math.floor(losses.length / 2);
  const small = pick("small", 1, half);
  const large = pick("large", half + 1, losses.length);
  return { lossByLayer, standardErrorByLayer, small, large, warnings };
}

export const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

export const mean = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;

/** The standard error of the mean; 0 for a single number, which says nothing about its spread. */
export function standardError(xs: readonly number[]): number {
  if (xs.length < 2) return 0;
  const center = mean(xs);
  const squares = xs.reduce((sum, x) => sum + (x - center) ** 2, 0);
  return Math.sqrt(squares / (xs.length - 1) / xs.length);
}
