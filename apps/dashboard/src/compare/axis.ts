import type { Series } from "../run/series.ts";

/** What curves are drawn over. */
export type Axis = "step" | "time" | "tokens";

/**
 * Where the points of a series stand: at their steps, in minutes after its first point, or in million tokens, which are the time
 * between points by the rate that was measured with them. Without a rate there are no tokens, and the steps stay.
 */
export function axisOf(axis: Axis, { x, at }: Series, rate: Series | undefined): readonly number[] {
  if (axis === "time") return at.map((time) => (time - (at[0] ?? time)) / 60_000);
  if (axis === "step" || rate === undefined) return x;
  let [tokens, next, perSecond] = [0, 0, rate.y.find((value) => value !== null) ?? 0];
  return x.map((step, i) => {
    while (next < rate.x.length && rate.x[next]! <= step) {
      perSecond = rate.y[next] ?? perSecond;
      next += 1;
    }
    tokens += i === 0 ? 0 : (perSecond * (at[i]! - at[i - 1]!)) / 1000;
    return tokens / 1e6;
  });
}
