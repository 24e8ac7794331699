import { Type, type Static } from "typebox";

/**
 * What two evaluations must share for the difference of their scores to be that of the models: how texts become vectors, what was
 * measured, how the models were trained, and what computed it.
 */
const names = [
  "pooling",
  "pooled",
  "attention",
  "maxLength",
  "template",
  "prompt",
  "mode",
  "evaluationData",
  "evaluationRevision",
  "objective",
  "lossScale",
  "batch",
  "steps",
  "trainingData",
  "engine",
  "precision",
] as const;
type ConditionName = (typeof names)[number];

/** As far as they are known: an evaluation of a model that was not trained here has none of its training. */
export type Conditions = { readonly [K in ConditionName]?: string };

/** A condition that two sides do not share. */
export const ConditionDifference = Type.Object({
  condition: Type.String(),
  /** Absent where it is not known. */
  baseline: Type.Optional(Type.String()),
  other: Type.Optional(Type.String()),
});
export type ConditionDifference = Static<typeof ConditionDifference>;

/** What a manifest says that bears on a comparison. */
export interface ComparedManifest {
  readonly engine?: string;
  readonly precision?: string;
  readonly resolved?: {
    readonly mode?: string;
    readonly instruction?: string;
    readonly evaluationRevision?: number;
    readonly encoding?: Readonly<Record<string, unknown>>;
    readonly settings?: Readonly<Record<string, unknown>>;
  };
}

/** Scores of releases before revisions were written down. */
const firstRevision = 1;

/**
 * @param evaluation the manifest of the evaluation
 * @param training that of the training of its model, if it had one
 * @param data checksums of the rows
 */
export function conditionsOf(
  evaluation: ComparedManifest,
  training: ComparedManifest | undefined,
  data: { readonly evaluation: readonly string[]; readonly training?: string | undefined },
): Conditions {
  const { encoding = {}, mode, instruction, evaluationRevision = firstRevision } = evaluation.resolved ?? {};
  const { objective, scale, batchSize, hardNegatives, accumulate, steps } =
    training?.resolved?.settings ?? {};
  const known: Record<ConditionName, unknown> = {
    pooling: encoding["pooling"],
    pooled: encoding["pooled"],
    attention: encoding["attention"],
    maxLength: encoding["maxLength"],
    template: encoding["template"],
    prompt: instruction ?? "none",
    mode,
    evaluationData: [...data.evaluation].sort().join(" "),
    evaluationRevision,
    objective,
    lossScale: scale,
    batch:
      batchSize === undefined
        ? undefined
        : `${show(batchSize)} rows, ${show(hardNegatives)} negatives each, ${show(accumulate)} at a time`,
    steps,
    trainingData: data.training,
    engine: both(evaluation.engine, training?.engine),
    precision: both(evaluation.precision, training?.precision),
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => (value === undefined ? [] : [[name, show(value)]])),
  );
}

/** The conditions that differ, in their order; one that is known of one side alone differs too. */
export const differencesOf = (baseline: Conditions, other: Conditions): ConditionDifference[] =>
  names.flatMap((condition) => {
    const [one, two] = [baseline[condition], other[condition]];
    if (one === two) return [];
    return [
      {
        condition,
        ...(one === undefined ? {} : { baseline: one }),
        ...(two === undefined ? {} : { other: two }),
      },
    ];
  });

const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Of evaluation and training, where they differ. */
const both = (one: string | undefined, two: string | undefined): string | undefined =>
  two === undefined || one === two ? one : `${one ?? "unknown"} after ${two}`;
