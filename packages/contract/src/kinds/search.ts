import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { filled, type Loose } from "../defaults.ts";
import { datasetKinds } from "../datasets/dataset.ts";
import { idOf } from "../id.ts";
import { countLayers, keptLayers, LayerCount } from "../layers.ts";
import { Encoding, checkedEncoding, resolveEncoding } from "../models/encoding.ts";
import { ModelRef } from "../models/model-ref.ts";
import { isProblem, Problem } from "../problem.ts";
import { embeddingAdvice, embeddingBytes, embeddingChunkTokens } from "./memory.ts";
import { computedOn, engineChoice } from "../pool/engine.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { runOf, sameSize, type KindRules } from "./rules.ts";
import {
  type RuleCurve,
  SearchRule,
  searchRuleTraits,
  slebPasses,
  type SearchStability,
} from "./search-rules.ts";
import { computeWork, secondsPerToken } from "./work.ts";
import { trainingScale } from "./train.ts";

const samplings = ["by-task", "shuffled", "in-order"] as const;

/** What L3Prune's picks drop of the paper's models in the mean. */
const usualSizes = { small: "74%", large: "21%" };

const size = (name: string, usual: string) =>
  Type.Optional(
    Type.Union([LayerCount, Type.String({ pattern: "^[0-9]{1,2}(\\.[0-9]+)?%$" })], {
      description: `layers that \`${name}\` keeps, or the share that it drops, of rules that find no size; default: ${usual}`,
    }),
  );

/** Settings of a search: by default L3Prune's (arXiv:2410.14578), the contrastive loss of the untrained model at every depth. */
export const SearchSettings = Type.Object(
  {
    rule: Type.Optional(SearchRule),
    small: size("small", usualSizes.small),
    large: size("large", usualSizes.large),
    sizesOf: Type.Optional(idOf("run")),
    batchSize: Type.Optional(Type.Integer({ minimum: 2, maximum: 4096, default: 64 })),
    batches: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 100,
        description: "fewer where the dataset is smaller",
      }),
    ),
    scale: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1000,
        description: "default: that of the training, 50; 20 in reference mode",
      }),
    ),
    sampling: Type.Optional(
      Type.Enum(samplings, {
        description:
          "`by-task` (default): shuffled batches of one task each; `shuffled` (reference mode): of all rows; `in-order`: as they stand",
      }),
    ),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 42 })),
  },
  { additionalProperties: false },
);
export type SearchSettings = Static<typeof SearchSettings>;

/**
 * What a search found; `keep` names the layers where they are not the first. Depths are numbers of layers kept, 1-based: `lossByLayer[n-1]` is the loss with n layers, and both lists are
 * empty of rules that compute no loss at depths.
 */
export const SearchResult = Type.Object({
  ...Remarks.properties,
  ...computedOn,
  rule: Type.Optional(SearchRule),
  keep: Type.Optional(Type.Unsafe<Record<"small" | "large", number[] | null>>({})),
  curves: Type.Optional(Type.Unsafe<RuleCurve[]>({})),
  stability: Type.Optional(Type.Unsafe<SearchStability>({})),
  lossByLayer: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
    description: "null where the loss was not finite",
  }),
  standardErrorByLayer: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  small: Type.Union([Type.Integer(), Type.Null()], {
    description: "layers kept; by loss the minimum of the first half of the depths",
  }),
  large: Type.Union([Type.Integer(), Type.Null()], { description: "by loss the minimum of the second half" }),
  chance: Type.Optional(Type.Number({ description: "ln of the number of candidates" })),
  scale: Type.Optional(Type.Number()),
  samples: Type.Integer(),
  seed: Type.Integer(),
  warnings: Type.Array(Type.String()),
});
export type SearchResult = Static<typeof SearchResult>;

/** Settings with every default filled in; sizes stay open where the rule finds them, or another search did. */
export type ResolvedSearchSettings = Required<Omit<SearchSettings, OpenSetting>> &
  Pick<SearchSettings, OpenSetting>;
type OpenSetting = "small" | "large" | "sizesOf";

/** @throws {Problem} `request/invalid` naming the field */
export const resolveSearchSettings = (
  settings: Loose<SearchSettings> = {},
  mode: Mode = "default",
): ResolvedSearchSettings => {
  const usual: SearchSettings =
    mode === "reference"
      ? { rule: "l3prune", scale: 20, sampling: "shuffled" }
      : { rule: "l3prune", scale: trainingScale, sampling: "by-task" };
  const resolved = filled(SearchSettings, usual, settings) as ResolvedSearchSettings;
  if (!searchRuleTraits[resolved.rule].findsSizes)
    return resolved.sizesOf === undefined ? { ...usualSizes, ...resolved } : resolved;
  for (const name of ["small", "large", "sizesOf"] as const)
    if (resolved[name] !== undefined)
      throw new Problem("request/invalid", `The rule ${resolved.rule} finds its sizes by itself.`, {
        field: `/${name}`,
      });
  return resolved;
};

/** How many layers a search is told to keep of a model, by a rule that finds no size. */
export function searchSizes(
  { small, large }: Pick<ResolvedSearchSettings, "small" | "large">,
  depth: number,
): { small: number; large: number } {
  const count = (name: "small" | "large", size: number | string | undefined): number => {
    const ref = typeof size === "string" ? { dropPercent: Number(size.slice(0, -1)) } : size!;
    try {
      return countLayers(keptLayers(ref, depth));
    } catch (error) {
      if (!isProblem(error)) throw error;
      throw new Problem(error.code, error.message, { field: `/${name}` });
    }
  };
  return { small: count("small", small), large: count("large", large) };
}

const closed = { additionalProperties: false } as const;

export const SearchSpec = Type.Object(
  {
    kind: Type.Literal("search"),
    model: ModelRef,
    datasetId: Type.Optional(idOf("dataset")),
    ...engineChoice,
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    settings: Type.Optional(SearchSettings),
  },
  closed,
);
export type SearchSpec = Static<typeof SearchSpec>;

export const SearchJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("search"),
  model: Type.String(),
  /** Of rules that compute. */
  dataset: Type.Optional(
    Type.Object({ kind: Type.Enum(datasetKinds), name: Type.String(), path: Type.String() }),
  ),
  mode: Mode,
  ...embeddingFields,
  settings: SearchSettings,
  chunkTokens: Type.Optional(Type.Integer({ minimum: 16 })),
});

export const SearchOutcome = Type.Object({ kind: Type.Literal("search"), result: SearchResult });

export const searchRules: KindRules<SearchSpec> = {
  sharesDevice: false,
  resolve: (spec) => ({
    ...spec,
    mode: spec.mode ?? "default",
    encoding: checkedEncoding(spec.encoding),
    settings: resolveSearchSettings(spec.settings, spec.mode),
  }),
  dependencies: ({ model, settings }) => [runOf(model), settings?.sizesOf],
  chunkTokens: () => embeddingChunkTokens,
  predictMemory: ({ encoding }, size, chunkTokens) => size && embeddingBytes(encoding, size, chunkTokens),
  work({ encoding, datasetId, settings, mode }, size) {
    const resolved = resolveSearchSettings(settings, mode);
    if (size === undefined || datasetId === undefined) return size && computeWork({});
    return computeWork({
      perToken: secondsPerToken(size, searchPasses(resolved, size.layers)),
      // A query, its positive and a negative.
      ...(searchRuleTraits[resolved.rule].batches && { texts: resolved.batches * resolved.batchSize * 3 }),
      longest: resolveEncoding(encoding).maxLength,
      datasetIds: [datasetId],
    });
  },
  sizeAfter: sameSize,
  memoryAdvice: ({ encoding }) => embeddingAdvice(encoding),
};

/** How often a search computes all its texts. */
function searchPasses(settings: ResolvedSearchSettings, depth: number): number {
  if (settings.rule !== "sleb") return 1;
  const kept = settings.small === undefined ? Math.ceil(depth / 4) : leastKept(settings, depth);
  return Math.max(1, slebPasses(depth, kept));
}

function leastKept(settings: ResolvedSearchSettings, depth: number): number {
  try {
    return searchSizes(settings, depth).small;
  } catch (error) {
    if (!isProblem(error)) throw error;
    return depth;
  }
}
