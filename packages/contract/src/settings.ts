import { Value } from "typebox/value";
import { Encoding } from "./encoding.ts";
import type { Mode } from "./mode.ts";
import { SearchSettings } from "./search.ts";
import { TrainingSettings } from "./training.ts";

/** Settings that may stay open: two horizons depend on the dataset. */
type Open = "warmupSteps" | "scheduleSteps" | "matryoshka";

/** Settings with every default filled in. */
export type ResolvedEncoding = Required<Encoding>;
export type ResolvedSearchSettings = Required<SearchSettings>;
export type ResolvedTrainingSettings = Required<Omit<TrainingSettings, Open>> & Pick<TrainingSettings, Open>;

export const resolveEncoding = (encoding: Encoding = {}): ResolvedEncoding =>
  Value.Default(Encoding, { ...encoding }) as ResolvedEncoding;

/** Scale of the loss in training; a search that is to predict training uses the same. */
const trainingScale = 50;

export const resolveSearchSettings = (
  settings: SearchSettings = {},
  mode: Mode = "default",
): ResolvedSearchSettings => {
  const usual: SearchSettings =
    mode === "reference"
      ? { scale: 20, sampling: "shuffled" }
      : { scale: trainingScale, sampling: "by-task" };
  return Value.Default(SearchSettings, { ...usual, ...settings }) as ResolvedSearchSettings;
};

export const resolveTrainingSettings = (
  settings: TrainingSettings = {},
  mode: Mode = "default",
): ResolvedTrainingSettings => {
  const usual: TrainingSettings = {
    scale: trainingScale,
    learningRate: settings.method === "full" ? 2e-5 : 2e-4,
    loraDropout: mode === "reference" ? 0.05 : 0,
    attentionDropout: settings.objective === "simcse" ? 0.3 : 0,
    hiddenDropout: 0,
  };
  return Value.Default(TrainingSettings, { ...usual, ...settings }) as ResolvedTrainingSettings;
};
