import type { SearchResult } from "@espalier/contract";

/** A search's curve over 30 layers as that of SmolLM2-135M is: high, a valley, a hill, a second valley. */
const lossByLayer = Array.from({ length: 30 }, (_, i) => {
  const depth = i + 1;
  return (
    2.2 +
    2.1 * Math.exp(-depth / 2.5) -
    0.35 * Math.exp(-(((depth - 9) / 4) ** 2)) -
    0.55 * Math.exp(-(((depth - 23) / 4) ** 2)) +
    (depth > 27 ? 0.12 * (depth - 27) : 0)
  );
});
export const searchResult: SearchResult = {
  lossByLayer,
  standardErrorByLayer: lossByLayer.map((loss, i) => 0.02 + 0.004 * loss + (i < 3 ? 0.03 : 0)),
  small: 10,
  large: 23,
  chance: Math.log(128),
  scale: 50,
  samples: 6400,
  seed: 42,
  warnings: [],
};
