export type { Embed } from "./embed.ts";
export { evaluateTask } from "./tasks.ts";
