import { stringify } from "yaml";
import {
  refusals,
  type ComparedVariant,
  type ConditionDifference,
  type TaskScore,
  type VariantReport,
} from "@espalier/contract";
import { formatBytes, formatCount } from "../terminal/format.ts";
import type { ReportData } from "./report-data.ts";

/** Scores and differences are told in points, a hundredth each. */
export const points = (score: number): string => (100 * score).toFixed(1);
export const signed = (score: number): string => `${score >= 0 ? "+" : "−"}${points(Math.abs(score))}`;
const interval = ([low, high]: readonly number[]): string => `[${signed(low!)}, ${signed(high!)}]`;

export const meanOf = (scores: readonly TaskScore[] | undefined): number | undefined =>
  scores?.length ? scores.reduce((sum, { score }) => sum + score, 0) / scores.length : undefined;

const verdicts: { readonly [K in ComparedVariant["verdict"]]: string } = {
  equivalent: "equivalent",
  "no-loss": "no measurable loss",
  loss: "measurable loss",
  undecided: "undecided",
};

export const nothingCompared = "Nothing can be compared yet.";
export const allShared =
  "All evaluations share pooling, prompt, loss scale, batch, data, revision, engine and precision.";

/** Which experiment it is, and from when. */
export const origin = ({ id, state, createdAt, endedAt }: ReportData): string =>
  `${id}, ${state}, submitted ${createdAt}${endedAt === undefined ? "" : `, ended ${endedAt}`}.`;

/** Whether more than one dataset was measured, so that each has a row of its own. */
export const isOfSeveral = ({ comparison }: ReportData): boolean =>
  comparison.variants.some(({ datasets }) => datasets.length > 1);

const or = <T>(value: T | undefined, show: (value: T) => string): string =>
  value === undefined ? "–" : show(value);

/** A table as rows of cells, the first being titles. */
export type Cells = readonly (readonly string[])[];

export const variantCells = (variants: readonly VariantReport[]): Cells => [
  ["variant", "layers", "parameters", "size", "before", "after", "seeds", "tokens/s"],
  ...variants.map(({ name, layers, parameters, bytes, before, after, seeds, tokensPerSecond }) => [
    name,
    or(layers, String),
    or(parameters, formatCount),
    or(bytes, formatBytes),
    or(meanOf(before), points),
    or(meanOf(after), points),
    String(seeds?.length ?? 1),
    or(tokensPerSecond, formatCount),
  ]),
];

export const comparedCells = (compared: readonly ComparedVariant[]): Cells => [
  ["variant", "training", "size", "Δ", "95 %", "90 %", "verdict", "seeds"],
  ...compared.map(({ name, stage, size, delta, interval: outer, inner, verdict, seeds }) => [
    name,
    stage,
    or(size, (share) => `${Math.round(100 * share)} %`),
    signed(delta),
    interval(outer),
    interval(inner),
    verdicts[verdict],
    String(seeds),
  ]),
];

export const datasetCells = (compared: readonly ComparedVariant[]): Cells => [
  ["variant", "training", "dataset", "score", "Δ", "95 %"],
  ...compared.flatMap(({ name, stage, datasets }) =>
    datasets.map((each) => [
      name,
      stage,
      each.name,
      points(each.score),
      signed(each.delta),
      interval(each.interval),
    ]),
  ),
];

export const conditionSentence = ({ condition, baseline, other }: ConditionDifference): string =>
  `${condition} is ${other ?? "not known"}, and ${baseline ?? "not known"} of the baseline`;

/** Sentences of what two sides do not share, by variant. */
export const flags = ({ comparison }: ReportData): string[] =>
  comparison.variants
    .filter(({ differences }) => differences.length > 0)
    .map(
      ({ name, stage, differences }) =>
        `${name}, ${stage} training: ${differences.map(conditionSentence).join("; ")}.`,
    );

/** By variant, whether it passes the experiment's rule of promotion, and why not. */
export const judged = ({ spec, comparison }: ReportData): string[] =>
  comparison.variants.flatMap((variant) => {
    if (spec.promote === undefined || variant.stage !== "after") return [];
    return [`${variant.name}: ${refusals(spec.promote, variant).join(", and ") || "passes"}.`];
  });

/** How the intervals were made, and what they do not say. */
export const method = ({ comparison: { baseline, margin, variants } }: ReportData): string => {
  const resamples = [...new Set(variants.map((each) => each.resamples))].sort((a, b) => a - b);
  const seeds = Math.max(0, ...variants.map((each) => each.seeds));
  return [
    `Differences are to ${baseline}, in points, by the paired bootstrap over what each pair, query or text adds`,
    seeds > 1 ? ` and over ${seeds} seeds` : "",
    resamples.length > 0 ? ` (${resamples.join(" to ")} resamples).` : ".",
    ` A variant is equivalent where the 90 % interval lies within ±${points(margin)} points, which is two one-sided tests at 5 %;`,
    ` it has no measurable loss where the interval lies above −${points(margin)}, and a measurable one where it lies below.`,
    seeds > 1 ? "" : " With one seed, the intervals say nothing of what another training would change.",
  ].join("");
};

/** By role: how many runs, how many of which were there already, and for how long devices were busy. */
export function costCells({ runs }: ReportData): Cells {
  const roles = [...new Set(runs.map(({ role }) => role))];
  const row = (title: string, of: ReportData["runs"]) => [
    title,
    String(of.length),
    String(of.filter(({ reusedFrom }) => reusedFrom !== undefined).length),
    (of.reduce((sum, { deviceSeconds }) => sum + deviceSeconds, 0) / 3600).toFixed(3),
  ];
  return [
    ["runs", "count", "reused", "device hours"],
    ...roles.map((role) =>
      row(
        role,
        runs.filter((run) => run.role === role),
      ),
    ),
    row("all", runs),
  ];
}

/** The experiment as a file that `experiment submit --spec` takes, with names where they are known. */
export function experimentFile({ spec, names }: ReportData): string {
  const named = (id: string) => names[id] ?? id;
  const { name, modelId: _, triplets: __, evaluation: ___, ...settings } = spec;
  return stringify({
    name,
    modelId: named(spec.modelId),
    triplets: named(spec.triplets),
    evaluation: spec.evaluation.map(named),
    ...settings,
  });
}

interface Manifest {
  espalier?: string;
  node?: string;
  engine?: string;
  precision?: string;
  resolved?: { settings?: { seed?: number } };
  inputs?: { name: string; sha256: string }[];
  outputs?: { name: string; sha256: string }[];
}

/** What each run was computed with, and checksums of what went in and came out. */
export const manifestCells = ({ runs }: ReportData): Cells => [
  ["run", "for", "espalier", "engine", "seed", "inputs", "outputs"],
  ...runs.map(({ id, role, variant, manifest }) => {
    const { espalier, engine, precision, resolved, inputs = [], outputs = [] } = (manifest ?? {}) as Manifest;
    return [
      id,
      [variant, role].filter(Boolean).join(" "),
      espalier ?? "–",
      [engine, precision].filter(Boolean).join(" ") || "–",
      or(resolved?.settings?.seed, String),
      sums(inputs),
      sums(outputs),
    ];
  }),
];

/** One checksum of several: the first letters of each would fill the page, and all of them are in report.json. */
const sums = (files: readonly { name: string; sha256: string }[]): string =>
  files.map(({ name, sha256 }) => `${name} ${sha256.slice(0, 12)}`).join(", ") || "–";
