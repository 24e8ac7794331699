import type { SearchResult } from "@espalier/contract";

const draws = 2_000;

/**
 * For each depth, how often it would be the least of its half, were the losses drawn again with their standard errors (independent
 * normal draws of a fixed seed). Depths are measured on the same samples, so that in truth they vary less against each other: the
 * doubt that this shows is at least what there is.
 */
export function surenessOf({ lossByLayer, standardErrorByLayer }: SearchResult): number[] {
  const random = generator(42);
  const wins = lossByLayer.map(() => 0);
  const middle = Math.floor(lossByLayer.length / 2);
  for (let draw = 0; draw < draws; draw++) {
    const drawn = lossByLayer.map((loss, i) =>
      loss === null ? Infinity : loss + (standardErrorByLayer[i] ?? 0) * normal(random),
    );
    for (const [from, to] of [
      [0, middle],
      [middle, drawn.length],
    ] as const) {
      let best = from;
      for (let i = from + 1; i < to; i++) if (drawn[i]! < drawn[best]!) best = i;
      if (to > from) wins[best]! += 1;
    }
  }
  return wins.map((count) => count / draws);
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Box and Muller. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
