import type { SearchResult } from "@espalier/contract";

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
  const lossByLayer = losses.map((row) => finite(mean(row)));
  const standardErrorByLayer = losses.map((row) => finite(standardError(row)));
  const warnings: string[] = [];
  const broken = lossByLayer.flatMap((loss, i) => (loss === null ? [i + 1] : []));
  if (broken.length > 0)
    warnings.push(
      `The loss is not a finite number with ${broken.join(", ")} layers; such depths are never picked.`,
    );

  const pick = (name: string, from: number, to: number): number | null => {
    let best: number | null = null;
    for (let depth = from; depth <= to; depth++) {
      const loss = lossByLayer[depth - 1]!;
      if (loss !== null && (best === null || loss < lossByLayer[best - 1]!)) best = depth;
    }
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

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

const mean = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;

/** The standard error of the mean; 0 for a single number, which says nothing about its spread. */
function standardError(xs: readonly number[]): number {
  if (xs.length < 2) return 0;
  const center = mean(xs);
  const squares = xs.reduce((sum, x) => sum + (x - center) ** 2, 0);
  return Math.sqrt(squares / (xs.length - 1) / xs.length);
}
