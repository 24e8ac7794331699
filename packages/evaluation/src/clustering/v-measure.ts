/**
 * V-measure of a clustering against classes: the harmonic mean of homogeneity (a cluster holds one class) and completeness (a class lies
 * in one cluster), by their conditional entropies (Rosenberg & Hirschberg 2007; `sklearn.metrics.v_measure_score`).
 * @param classes and `clusters`: one whole number per item
 */
export function vMeasure(classes: ArrayLike<number>, clusters: ArrayLike<number>): number {
  const n = classes.length;
  const [perClass, perCluster, together] = [
    new Map<number, number>(),
    new Map<number, number>(),
    new Map<string, number>(),
  ];
  const count = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < n; i++) {
    count(perClass, classes[i]!);
    count(perCluster, clusters[i]!);
    count(together, `${classes[i]!} ${clusters[i]!}`);
  }
  const entropy = (counts: Map<unknown, number>) =>
    [...counts.values()].reduce((sum, c) => sum - (c / n) * Math.log(c / n), 0);
  const [ofClasses, ofClusters, joint] = [entropy(perClass), entropy(perCluster), entropy(together)];
  const mutual = ofClasses + ofClusters - joint;
  const homogeneity = ofClasses === 0 ? 1 : mutual / ofClasses;
  const completeness = ofClusters === 0 ? 1 : mutual / ofClusters;
  const sum = homogeneity + completeness;
  return sum === 0 ? 0 : (2 * homogeneity * completeness) / sum;
}
