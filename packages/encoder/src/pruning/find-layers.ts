import { Problem, resolveSearchSettings, type SearchResult, type SearchRule } from "@espalier/contract";
import type { Encoder } from "../encoder.ts";
import { angularDistance } from "./angular-distance.ts";
import { blockInfluence } from "./block-influence.ts";
import { controlLayers } from "./controls.ts";
import { l3prune } from "./l3prune.ts";
import type { SearchOptions, TripletRows } from "./search-batches.ts";
import { sleb } from "./sleb.ts";

/** Of the rules that need no task: what a task makes of depths is told by those who know tasks. */
type TextRule = Exclude<SearchRule, "evaluation">;

type Find = (encoder: Encoder, rows: TripletRows, options: SearchOptions) => Promise<SearchResult>;

const control =
  (rule: "fixed" | "uniform" | "random"): Find =>
  async (encoder, _rows, { settings }) =>
    controlLayers(rule, encoder.layers, settings);

const rules: { readonly [K in TextRule]: Find } = {
  l3prune,
  "block-influence": blockInfluence,
  "angular-distance": angularDistance,
  sleb,
  fixed: control("fixed"),
  uniform: control("uniform"),
  random: control("random"),
};

/**
 * Which layers of an encoder to keep, by the rule of the settings; `l3prune` unless they say otherwise.
 * @param rows of rules that look at texts; none are read by the others
 * @throws {Problem} `request/invalid` for the rule `evaluation`, which needs a task; what the rules throw
 */
export async function findLayers(
  encoder: Encoder,
  rows: TripletRows,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { rule } = resolveSearchSettings(options.settings, options.mode ?? encoder.mode);
  if (rule === "evaluation")
    throw new Problem("request/invalid", "The rule evaluation needs a task to score depths on.", {
      field: "/rule",
    });
  return rules[rule](encoder, rows, options);
}
