import type { Experiment, SearchResult, VariantReport } from "@espalier/contract";
import { ruleLines } from "./rule-lines.ts";
import type { Output } from "../terminal/output.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { formatPlot } from "../terminal/plot.ts";
import { formatTable, type Column } from "../terminal/table.ts";

type Scores = VariantReport["before"];

/** The mean of the main scores over the evaluation sets; undefined before they were measured. */
export const meanScore = (scores: Scores): number | undefined =>
  scores?.length ? scores.reduce((sum, { score }) => sum + score, 0) / scores.length : undefined;

const or = <T>(value: T | undefined, show: (value: T) => string): string =>
  value === undefined ? "–" : show(value);
const score = (scores: Scores): string => or(meanScore(scores), (value) => value.toFixed(4));

const columns: Column<VariantReport>[] = [
  { title: "variant", value: ({ name }) => name },
  { title: "layers", value: ({ layers }) => or(layers, String), align: "right" },
  { title: "parameters", value: ({ parameters }) => or(parameters, formatCount), align: "right" },
  { title: "size", value: ({ bytes }) => or(bytes, formatBytes), align: "right" },
  { title: "score before", value: ({ before }) => score(before), align: "right" },
  { title: "score after", value: ({ after }) => score(after), align: "right" },
  {
    title: "tokens/s",
    value: ({ tokensPerSecond }) => or(tokensPerSecond, formatCount),
    align: "right",
  },
];

/** One row per variant. With several evaluation sets, the score is their mean and the sets follow. */
function reportTable(variants: readonly VariantReport[], width: number): string[] {
  const lines = formatTable(variants, columns, width);
  const sets = variants[0]?.before ?? [];
  if (sets.length < 2) return lines;
  const perSet: Column<VariantReport>[] = sets.flatMap(({ datasetId, name }) => [
    { title: `${name} before`, value: ({ before }) => one(before, datasetId), align: "right" },
    { title: "after", value: ({ after }) => one(after, datasetId), align: "right" },
  ]);
  return [...lines, "", ...formatTable(variants, [columns[0]!, ...perSet], width)];
}

const one = (scores: Scores, datasetId: string): string =>
  or(scores?.find((set) => set.datasetId === datasetId)?.score, (value) => value.toFixed(4));

/** The contrastive loss of the untrained model at every depth, with the two picks and what guessing would score. */
export function reportCurve(search: SearchResult, width: number): string[] {
  const { lossByLayer, small, large, chance = 0, samples, scale, seed, warnings } = search;
  if (lossByLayer.length === 0)
    return [...ruleLines(search, width), ...warnings.map((warning) => `! ${warning}`)];
  const marks = { ...(small !== null && { [small]: "small" }), ...(large !== null && { [large]: "large" }) };
  return [
    `Contrastive loss of the untrained model by layers kept (${samples} samples, scale ${scale}, seed ${seed})`,
    ...formatPlot({
      values: lossByLayer,
      marks,
      line: { value: chance, label: `chance ${chance.toFixed(3)}` },
      xTitle: "layers kept",
      columns: width,
    }),
    ...warnings.map((warning) => `! ${warning}`),
  ];
}

/** Everything that an experiment found so far. */
export function printReport(output: Output, { search, variants }: Experiment): void {
  if (search) for (const line of reportCurve(search, Math.min(100, output.columns()))) output.print(line);
  if (search && variants.length > 0) output.print("");
  for (const [i, line] of reportTable(variants, output.columns()).entries())
    output.print(i === 0 ? output.paint("bold", line) : line);
}
