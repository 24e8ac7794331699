export type { Embed } from "./embed.ts";
export { formatUnits, mostStoredUnits, parseUnits, unitsFile } from "./stored-units.ts";
export { evaluateTask } from "./tasks.ts";
