import { Value } from "typebox/value";
import { Encoding } from "./encoding.ts";
import { SearchSettings } from "./search.ts";
import { TrainingSettings } from "./training.ts";

type Horizon = "warmupSteps" | "scheduleSteps";

/** Settings with every default filled in; the two horizons depend on the dataset and stay open. */
export type ResolvedEncoding = Required<Encoding>;
export type ResolvedSearchSettings = Required<SearchSettings>;
export type ResolvedTrainingSettings = Required<Omit<TrainingSettings, Horizon>> &
  Pick<TrainingSettings, Horizon>;

export const resolveEncoding = (encoding: Encoding = {}): ResolvedEncoding =>
  Value.Default(Encoding, { ...encoding }) as ResolvedEncoding;

export const resolveSearchSettings = (settings: SearchSettings = {}): ResolvedSearchSettings =>
  Value.Default(SearchSettings, { ...settings }) as ResolvedSearchSettings;

export const resolveTrainingSettings = (settings: TrainingSettings = {}): ResolvedTrainingSettings =>
  Value.Default(TrainingSettings, { ...settings }) as ResolvedTrainingSettings;
