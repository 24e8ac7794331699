export type { Embed, Side } from "./embed.ts";
export type { Measured } from "./measured.ts";
export { resampled } from "./statistics/resampled.ts";
export { formatUnits, mostStoredUnits, parseUnits, unitsFile, type StoredUnits } from "./stored-units.ts";
export { compare, type Pair } from "./statistics/compare.ts";
export { evaluateTask } from "./tasks.ts";
