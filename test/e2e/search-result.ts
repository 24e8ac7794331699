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
  stability: {
    resamples: 1000,
    small: {
      share: 0.61,
      others: [
        { layers: 9, share: 0.24 },
        { layers: 11, share: 0.13 },
      ],
      samplesFor95: 24_000,
    },
    large: { share: 0.97, others: [{ layers: 24, share: 0.03 }], samplesFor95: 5800 },
  },
};

const influence = lossByLayer.map(
  (_, layer) => 0.02 + 0.2 * Math.exp(-layer / 3) + 0.06 * Math.exp((layer - 29) / 2),
);

/** What block influence finds on the same model: the layers that turn their input least go. */
export const influenceResult: SearchResult = {
  rule: "block-influence",
  lossByLayer: [],
  standardErrorByLayer: [],
  small: 8,
  large: 24,
  keep: {
    small: [0, 1, 2, 3, 4, 5, 28, 29],
    large: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 25, 26, 27, 28, 29],
  },
  curves: [
    {
      name: "block influence",
      axis: "layer",
      values: influence,
      standardErrors: influence.map((value) => value / 20),
    },
  ],
  samples: 6400,
  seed: 42,
  warnings: [],
};
