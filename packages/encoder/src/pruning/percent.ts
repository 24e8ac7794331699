import { Problem } from "@espalier/contract";

/** How a share that is not a whole number of layers is rounded. */
export type PercentRounding = "exact" | "reference";

/**
 * How many of `layers` stay when a percentage of them is dropped from the top: ⌊layers · (100 − percent) / 100⌋.
 * - `exact` (default) computes with the decimal as written: 90 % of 30 leaves 3;
 * - `reference` does as the reference implementation of L3Prune, in binary floating point: 90 % of 30 leaves 2.
 * @throws {Problem} `layers/out-of-range` when less than one layer would stay, or the percentage is not in [0, 100)
 */
export function keptLayers(layers: number, percent: number, rounding: PercentRounding = "exact"): number {
  const refuse = (reason: string): never => {
    throw new Problem("layers/out-of-range", reason, { field: "/layers" });
  };
  if (!(percent >= 0 && percent < 100))
    refuse(`${percent} % is not a share of the layers to drop, from 0 to 100`);
  const kept = rounding === "exact" ? exact(layers, percent) : Math.trunc(layers * (1 - percent / 100));
  if (kept < 1) refuse(`dropping ${percent} % of ${layers} layers leaves none; drop less`);
  return kept;
}

/** In whole numbers: the percentage's shortest decimal, as people wrote it, times a power of ten. */
function exact(layers: number, percent: number): number {
  const [digits, exponent] = percent.toExponential().split("e") as [string, string];
  const [whole, fraction = ""] = digits.split(".") as [string, string?];
  const places = fraction.length - Number(exponent);
  const unit = 10n ** BigInt(Math.max(0, places));
  const dropped = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -places));
  return Number((BigInt(layers) * (100n * unit - dropped)) / (100n * unit));
}
