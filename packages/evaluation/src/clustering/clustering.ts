import { Problem, type ClusteringRow } from "@espalier/contract";
import { embedDistinct, type Embed } from "../embed.ts";
import { mean, type Measured } from "../measured.ts";
import { RandomState } from "../random-state.ts";
import { miniBatchKMeans } from "./mini-batch-k-means.ts";
import { vMeasure } from "./v-measure.ts";

/**
 * Clustering: whether k-means finds the labels, with as many clusters as there are labels, in each set of texts. The main score is the
 * mean v-measure over the sets (`v_measure` of mteb's AbsTaskClusteringLegacy). The draws of k-means are others than scikit-learn's.
 * @param seed default 42, as in mteb
 * @throws {Problem} `dataset/malformed` for a set with one label, or `training/diverged`
 */
export async function evaluateClustering(
  rows: readonly ClusteringRow[],
  embed: Embed,
  { seed = 42 }: { readonly seed?: number } = {},
): Promise<Measured> {
  const sets = new Map<string, ClusteringRow[]>();
  for (const row of rows) {
    const set = sets.get(row.set ?? "");
    if (set) set.push(row);
    else sets.set(row.set ?? "", [row]);
  }
  for (const [name, set] of sets)
    if (new Set(set.map(({ label }) => label)).size < 2)
      throw new Problem(
        "dataset/malformed",
        `all texts${name === "" ? "" : ` of the set ${JSON.stringify(name)}`} have the label ${JSON.stringify(set[0]!.label)}, so that there is nothing to tell apart`,
      );
  const values: number[] = [];
  for (const set of sets.values()) {
    const vectorOf = await embedDistinct(
      set.map(({ text }) => text),
      "query",
      embed,
    );
    const labels = [...new Set(set.map(({ label }) => label))];
    const width = vectorOf(set[0]!.text).length;
    const matrix = new Float32Array(set.length * width);
    for (const [i, { text }] of set.entries()) matrix.set(vectorOf(text), i * width);
    const random = new RandomState(seed);
    const clusters = miniBatchKMeans(matrix, width, { clusters: labels.length, random });
    values.push(
      vMeasure(
        set.map(({ label }) => labels.indexOf(label)),
        clusters,
      ),
    );
  }
  return {
    metrics: { v_measure: mean(values) },
    units: { statistic: "mean", values: Float64Array.from(values) },
  };
}
