import type { Static, TSchema } from "typebox";
import { Value } from "typebox/value";
import { Encoding } from "../models/encoding.ts";
import type { Mode } from "./mode.ts";
import { Problem } from "../problem.ts";
import { SearchSettings } from "./search.ts";
import { TrainingSettings } from "./training.ts";

/** Settings that may stay open: two horizons depend on the dataset. */
type Open = "warmupSteps" | "scheduleSteps" | "matryoshka";

/** Settings with every default filled in. */
export type ResolvedEncoding = Required<Encoding>;
export type ResolvedSearchSettings = Required<SearchSettings>;
export type ResolvedTrainingSettings = Required<Omit<TrainingSettings, Open>> & Pick<TrainingSettings, Open>;

/** Undefined counts as absent, so that options can be handed on. */
type Loose<Settings> = { [Name in keyof Settings]: Settings[Name] | undefined };

/**
 * Fills in what is usual for a decoder. What a model of another kind wants is in the encoding already.
 * @throws {Problem} `request/invalid` naming the field
 */
export const resolveEncoding = (encoding: Loose<Encoding> = {}): ResolvedEncoding => {
  const usual: Encoding = { pooling: "weighted_mean", pooled: "content" };
  return filled(Encoding, { ...usual, ...given(encoding) }) as ResolvedEncoding;
};

/** Scale of the loss in training; a search that is to predict training uses the same. */
const trainingScale = 50;

/** @throws {Problem} `request/invalid` naming the field */
export const resolveSearchSettings = (
  settings: Loose<SearchSettings> = {},
  mode: Mode = "default",
): ResolvedSearchSettings => {
  const usual: SearchSettings =
    mode === "reference"
      ? { scale: 20, sampling: "shuffled" }
      : { scale: trainingScale, sampling: "by-task" };
  return filled(SearchSettings, { ...usual, ...given(settings) }) as ResolvedSearchSettings;
};

/** @throws {Problem} `request/invalid` naming the field */
export const resolveTrainingSettings = (
  settings: Loose<TrainingSettings> = {},
  mode: Mode = "default",
): ResolvedTrainingSettings => {
  const usual: TrainingSettings = {
    scale: trainingScale,
    learningRate: settings.method === "full" ? 2e-5 : 2e-4,
    loraDropout: mode === "reference" ? 0.05 : 0,
    attentionDropout: settings.objective === "simcse" ? 0.3 : 0,
    hiddenDropout: 0,
  };
  return filled(TrainingSettings, { ...usual, ...given(settings) }) as ResolvedTrainingSettings;
};

const given = <Settings extends object>(settings: Loose<Settings>): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;

function filled<Schema extends TSchema>(schema: Schema, settings: Static<Schema>): unknown {
  const value = Value.Default(schema, { ...settings });
  const [error] = Value.Errors(schema, value);
  if (error === undefined) return value;
  const { keyword, instancePath, message, params } = error;
  const name = instancePath.slice(1);
  const detail = {
    // Of a field that a closed object does not have.
    boolean: `There is no setting "${name}".`,
    enum: "allowedValues" in params && `${name} must be one of ${params.allowedValues.join(", ")}.`,
  }[keyword as string];
  throw new Problem("request/invalid", detail || `${name} ${message}.`, { field: instancePath });
}
