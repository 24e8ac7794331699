import type { RuleCurve, SearchResult, SearchRule } from "@espalier/contract";
import type { Node } from "@espalier/tensor";
import { layerStates, type Through } from "../blocks/layers.ts";
import type { LinearOptions } from "../blocks/linear.ts";
import { eachOnce, type Parameter } from "../blocks/parameters.ts";
import { encoderInputs } from "../blocks/text-encoder.ts";
import type { Encoder } from "../encoder.ts";
import { finite, mean, standardError } from "./pick-layers.ts";
import { toldPicks, type Picks } from "./picks.ts";
import type { SearchBatches } from "./search-batches.ts";
import { stabilityOf } from "./stability.ts";

/** A graph of a model's layers. */
interface Layers {
  /** What comes out of each layer: [batch, time, hidden]. */
  readonly states: readonly Node[];
  readonly pooling: Node;
  readonly parameter: Parameter;
}

/** The graph of all layers of an encoder, through which a rule looks at them or switches them off. */
export function layersOf({ model: { config } }: Encoder, linears: LinearOptions, through: Through): Layers {
  const options = { ...linears, parameter: eachOnce(linears.parameter) };
  const { embeddings, sight, pooling } = encoderInputs(config);
  const states = layerStates(config, config.layers, embeddings, sight, options, through);
  return { states, pooling, parameter: options.parameter };
}

/** A curve of means over the batches of a search. @param rows for each place of the curve what was measured of each batch */
export const curveOf = (
  rows: readonly (readonly number[])[],
  told: Pick<RuleCurve, "name" | "axis" | "pick">,
): RuleCurve => ({
  ...told,
  values: rows.map((row) => finite(mean(row))),
  standardErrors: rows.map((row) => finite(standardError(row))),
});

/** What a rule that computes no loss at depths has found over the batches of a search. */
export function foundLayers(
  rule: SearchRule,
  { settings: { batchSize, seed }, batches, warnings }: Omit<SearchBatches, "next">,
  found: {
    readonly picks: Picks;
    /** What would be picked if each batch had come so often. */
    readonly again: (counts: Uint32Array) => Picks;
    readonly curves: RuleCurve[];
  },
): SearchResult {
  const stability = stabilityOf({ draws: batches, samplesPerDraw: batchSize, pick: found.again, seed });
  return {
    rule,
    ...toldPicks(found.picks),
    curves: found.curves,
    ...(stability && { stability }),
    lossByLayer: [],
    standardErrorByLayer: [],
    samples: batches * batchSize,
    seed,
    warnings: [...warnings],
  };
}
