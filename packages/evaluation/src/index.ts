export type { Embed, Side } from "./embed.ts";
export type { Measured, Units } from "./measured.ts";
export { evaluateTask, type TaskOptions } from "./tasks.ts";
