import type { BitextPair } from "@espalier/contract";
import { embedChecked, type Embed } from "./embed.ts";
import { mean, type Measured } from "./measured.ts";
import { unitRows } from "./similarity.ts";

/**
 * Bitext mining: whether the nearest text of the other language, by cosine, is the translation. The main score is F1 over the positions as
 * classes (`f1` of mteb's AbsTaskBitextMining, scikit-learn's weighted average); of equal cosines the first counts.
 * @throws {Problem} when a vector is not finite
 */
export async function evaluateBitextMining(pairs: readonly BitextPair[], embed: Embed): Promise<Measured> {
  const one = await embedChecked(
    pairs.map(({ sentence1 }) => sentence1),
    "query",
    embed,
  );
  const other = await embedChecked(
    pairs.map(({ sentence2 }) => sentence2),
    "query",
    embed,
  );
  const nearest = nearestRows(unitRows(one), unitRows(other), pairs.length);
  const chosen = new Float64Array(pairs.length);
  for (const row of nearest) chosen[row]!++;
  const hits = Float64Array.from(nearest, (row, i) => (row === i ? 1 : 0));
  const precision = hits.map((hit, i) => (hit === 1 ? 1 / chosen[i]! : 0));
  const f1 = hits.map((hit, i) => (hit === 1 ? (2 * precision[i]!) / (precision[i]! + 1) : 0));
  return {
    metrics: { f1: mean(f1), precision: mean(precision), recall: mean(hits), accuracy: mean(hits) },
    units: { statistic: "mean", values: f1 },
  };
}

/** For each of `count` rows of `a`, the row of `b` with the greatest scalar product. */
function nearestRows(a: Float32Array, b: Float32Array, count: number): Uint32Array {
  const width = a.length / count;
  return Uint32Array.from({ length: count }, (_, i) => {
    let [row, most] = [0, -Infinity];
    for (let j = 0; j < count; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += a[i * width + k]! * b[j * width + k]!;
      if (sum > most) [row, most] = [j, sum];
    }
    return row;
  });
}
