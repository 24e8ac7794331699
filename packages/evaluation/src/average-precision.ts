/**
 * Average precision of scores against labels of 0 and 1: the sum over thresholds of the precision there times the recall that it adds,
 * equal scores being one threshold (`sklearn.metrics.average_precision_score`). NaN without a positive label.
 */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]!,
  );
  let positives = 0;
  for (let i = 0; i < labels.length; i++) positives += labels[i]!;
  let [sum, found] = [0, 0];
  for (let from = 0; from < order.length;) {
    let to = from;
    let here = 0;
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++)
      here += labels[order[to]!]!;
    found += here;
    sum += (found / to) * (here / positives);
    from = to;
  }
  return positives === 0 ? Number.NaN : sum;
}
