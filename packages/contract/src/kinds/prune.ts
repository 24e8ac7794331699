import { Type, type Static } from "typebox";
import { jobFields } from "../compute/job-fields.ts";
import { idOf, Name } from "../id.ts";
import { countLayers, KeptLayers, keptLayers, LayersRef } from "../layers.ts";
import { Architecture } from "../models/model.ts";
import { ModelRef } from "../models/model-ref.ts";
import { isProblem } from "../problem.ts";
import { streamingBytes, type ModelSize } from "./memory.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { noChunks, runOf, type KindRules } from "./rules.ts";
import { filesWork } from "./work.ts";

const closed = { additionalProperties: false } as const;

export const PruneSpec = Type.Object(
  {
    kind: Type.Literal("prune"),
    model: ModelRef,
    layers: LayersRef,
    vocabularyOf: Type.Optional(idOf("dataset")),
    mode: Type.Optional(Mode),
    name: Type.Optional(Name),
  },
  closed,
);
export type PruneSpec = Static<typeof PruneSpec>;

/** Texts or triplets whose tokens are to be kept. */
export const Corpus = Type.Object({ path: Type.String(), texts: Type.Boolean() });
export type Corpus = Static<typeof Corpus>;

export const PruneJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("prune"),
  model: Type.String(),
  layers: KeptLayers,
  vocabularyOf: Type.Optional(Corpus),
  output: Type.String({ description: "folder to make" }),
});

export const PruneOutcome = Type.Object({
  kind: Type.Literal("prune"),
  architecture: Architecture,
  ...Remarks.properties,
});

/** What a run leaves behind that makes a model and has nothing else to say. */
export const ModelResult = Type.Object({
  ...Remarks.properties,
  modelId: idOf("model"),
});

export const pruneRules: KindRules<PruneSpec> = {
  sharesDevice: true,
  resolve: (spec) => ({ ...spec, mode: spec.mode ?? "default" }),
  dependencies: ({ model, layers }) => [runOf(model), runOf(layers)],
  chunkTokens: noChunks,
  predictMemory: () => streamingBytes,
  work: (_spec, size) => filesWork(size, 1),
  sizeAfter(spec, size) {
    const kept = countKept(size.layers, spec);
    const table = size.vocabularySize * size.hiddenSize;
    const perLayer = Math.max(0, size.parameters - table) / size.layers;
    return {
      ...size,
      layers: kept,
      parameters: Math.round(size.parameters - perLayer * (size.layers - kept)),
    } satisfies ModelSize;
  },
};

/** At most all layers stay: so many where a search has yet to pick, or where the pruning is going to be refused. */
function countKept(depth: number, { layers, mode }: PruneSpec): number {
  try {
    const kept = keptLayers(layers, depth, mode);
    return kept === undefined ? depth : countLayers(kept);
  } catch (error) {
    if (!isProblem(error)) throw error;
    return depth;
  }
}
