import {
  resolveSearchSettings,
  searchSizes,
  type SearchResult,
  type SearchSettings,
} from "@espalier/contract";
import { Random } from "../random.ts";
import { toldPicks } from "./picks.ts";

type ControlRule = "fixed" | "uniform" | "random";

/** Which layers a rule keeps, given how many of how many; sizes are drawn one after the other. */
const rules: {
  readonly [K in ControlRule]: (kept: number, depth: number, random: Random) => number | number[];
} = {
  fixed: (kept) => kept,
  uniform: (kept, depth) =>
    kept === 1 ? [0] : Array.from({ length: kept }, (_, i) => Math.round((i * (depth - 1)) / (kept - 1))),
  random: (kept, depth, random) =>
    random
      .shuffled(Array.from({ length: depth }, (_, layer) => layer))
      .slice(0, kept)
      .sort((a, b) => a - b),
};

/**
 * Rules that look at no text, to hold the others against: the first layers, as Gromov et al. 2024 (arXiv:2403.17887) call simple
 * pruning and "fixed 25 %" does (arXiv:2411.15558); layers at even distances; any layers, by the seed. They cost no pass.
 * @throws {Problem} `layers/out-of-range` for sizes that the model does not have, `request/invalid` naming the setting
 */
export function controlLayers(rule: ControlRule, depth: number, given: SearchSettings = {}): SearchResult {
  const settings = resolveSearchSettings({ ...given, rule });
  const sizes = searchSizes(settings, depth);
  const random = Random.seeded(settings.seed);
  const [small, large] = [rules[rule](sizes.small, depth, random), rules[rule](sizes.large, depth, random)];
  return {
    rule,
    ...toldPicks({ small, large }),
    lossByLayer: [],
    standardErrorByLayer: [],
    samples: 0,
    seed: settings.seed,
    warnings: [],
  };
}
