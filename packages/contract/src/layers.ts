import { Type, type Static } from "typebox";
import { idOf } from "./id.ts";
import type { Mode } from "./kinds/mode.ts";
import { Problem } from "./problem.ts";

const closed = { additionalProperties: false } as const;

export const LayerCount = Type.Integer({ minimum: 1, maximum: 10_000 });
const LayerShare = Type.Object({ dropPercent: Type.Number({ minimum: 0, exclusiveMaximum: 100 }) }, closed);
const LayerList = Type.Object(
  {
    keep: Type.Array(Type.Integer({ minimum: 0, maximum: 9_999 }), {
      minItems: 1,
      maxItems: 10_000,
      description: "numbers of layers, from 0 and rising; what is kept is numbered anew",
    }),
  },
  closed,
);
const LayerPick = Type.Object({ run: idOf("run"), pick: Type.Enum(["small", "large"]) }, closed);
type LayerPick = Static<typeof LayerPick>;

/** Which layers to keep: the first so many, all but a share at the top, those named, or a pick of a search run. */
export const LayersRef = Type.Union([LayerCount, LayerShare, LayerList, LayerPick]);
export type LayersRef = Static<typeof LayersRef>;

/** A reference that needs no search: the depth of the model alone decides what it means. */
export type FixedLayersRef = Exclude<LayersRef, LayerPick>;

/** The layers that are kept of a model: the first so many, or those with these numbers, from 0 and rising. */
export const KeptLayers = Type.Unsafe<number | readonly number[]>(
  Type.Union([Type.Integer({ minimum: 1 }), Type.Array(Type.Integer({ minimum: 0 }))]),
);
export type KeptLayers = Static<typeof KeptLayers>;

/**
 * How an experiment writes a reference: `none` keeps all layers; `large` and `small` are picks of its search; `"50%"` drops
 * half; a number keeps that many.
 */
export const Variant = Type.Union([
  Type.Literal("none"),
  Type.Literal("large"),
  Type.Literal("small"),
  Type.String({ pattern: "^[0-9]{1,2}(\\.[0-9]+)?%$" }),
  LayerCount,
]);
export type Variant = Static<typeof Variant>;

/** The reference that a variant stands for; undefined for all layers, and for a pick while there is no search to ask. */
export function layersOfVariant(variant: Variant, searchId: string | undefined): LayersRef | undefined {
  if (variant === "none") return undefined;
  if (typeof variant === "number") return variant;
  if (variant === "large" || variant === "small")
    return searchId === undefined ? undefined : { run: searchId, pick: variant };
  return { dropPercent: Number(variant.slice(0, -1)) };
}

/** The depths that a search has found, null where it found none, and which layers they are where they are not the first. */
export interface FoundDepths {
  small: number | null;
  large: number | null;
  keep?: { small: readonly number[] | null; large: readonly number[] | null } | undefined;
}

/**
 * The layers that a reference keeps of a model. Every part of the service and the library asks this one function.
 *
 * A share keeps ⌊depth · (100 − percent) / 100⌋ layers: by default computed with the decimal as it is written, so that
 * dropping 90 % of 30 layers keeps 3; in reference mode as l3prune does it, in binary floating point, which keeps 2.
 * @param ref a list of numbers means the same as `{ keep: […] }`
 * @param depth how many layers the model has
 * @param found what the search found that the reference picks from
 * @returns undefined only for a pick of a search that is not known yet
 * @throws {Problem} `layers/out-of-range` unless at least one layer stays, the model has each, and numbers rise
 */
export function keptLayers(ref: FixedLayersRef | KeptLayers, depth: number, mode?: Mode): KeptLayers;
export function keptLayers(
  ref: LayersRef,
  depth: number,
  mode: Mode | undefined,
  found: FoundDepths,
): KeptLayers;
export function keptLayers(ref: LayersRef, depth: number, mode?: Mode): KeptLayers | undefined;
export function keptLayers(
  ref: LayersRef | KeptLayers,
  depth: number,
  mode: Mode = "default",
  found?: FoundDepths,
): KeptLayers | undefined {
  if (typeof ref === "number") return checkedCount(ref, depth);
  if ("dropPercent" in ref) return shareOf(depth, ref.dropPercent, mode);
  if ("pick" in ref) {
    if (found === undefined) return undefined;
    const named = found.keep?.[ref.pick];
    return named ? checkedList(named, depth) : checkedCount(pickOf(found, ref), depth);
  }
  return checkedList("keep" in ref ? ref.keep : ref, depth);
}

/** How many layers are kept. */
export const countLayers = (kept: KeptLayers): number => (typeof kept === "number" ? kept : kept.length);

function refuse(reason: string): never {
  throw new Problem("layers/out-of-range", reason, { field: "/layers" });
}

function checkedCount(count: number, depth: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= depth) return count;
  return refuse(`${count} layers cannot be kept of ${depth}; choose 1 to ${depth}.`);
}

function checkedList(keep: readonly number[], depth: number): readonly number[] {
  if (keep.length === 0) refuse("No layer is kept; name at least one.");
  const unknown = keep.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= depth);
  if (unknown !== undefined)
    refuse(`There is no layer ${unknown}; the ${depth} layers are numbered 0 to ${depth - 1}.`);
  const unordered = keep.find((layer, i) => i > 0 && layer <= keep[i - 1]!);
  if (unordered !== undefined)
    refuse(`Layer ${unordered} stands after one that is not before it; name each layer once, in order.`);
  return keep;
}

function pickOf(found: FoundDepths, { run, pick }: LayerPick): number {
  const depth = found[pick];
  if (depth !== null) return depth;
  throw new Problem(
    "layers/out-of-range",
    `The search ${run} found no "${pick}" depth; give a number of layers.`,
    { field: "/layers", runId: run },
  );
}

function shareOf(depth: number, percent: number, mode: Mode): number {
  if (!(percent >= 0 && percent < 100))
    refuse(`${percent} % is not a share of the layers to drop; give at least 0 and less than 100.`);
  const kept = mode === "reference" ? Math.trunc(depth * (1 - percent / 100)) : exactShare(depth, percent);
  return kept >= 1 ? kept : refuse(`Dropping ${percent} % of ${depth} layers leaves none; drop less.`);
}

/** Computes in whole numbers, with the shortest decimal of the percentage, which is what a person wrote. */
function exactShare(depth: number, percent: number): number {
  const [digits, exponent] = percent.toExponential().split("e") as [string, string];
  const [whole, fraction = ""] = digits.split(".") as [string, string?];
  const places = fraction.length - Number(exponent);
  const unit = 10n ** BigInt(Math.max(0, places));
  const dropped = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -places));
  return Number((BigInt(depth) * (100n * unit - dropped)) / (100n * unit));
}
