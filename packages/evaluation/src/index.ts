export type { Embed, Side } from "./embed.ts";
export type { Measured } from "./measured.ts";
export { resampled } from "./statistics/resampled.ts";
export { formatUnits, mostStoredUnits, parseUnits, unitsFile } from "./stored-units.ts";
export { evaluateTask } from "./tasks.ts";
