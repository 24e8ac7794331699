export type { EngineOptions } from "./choose.ts";
export { chooseEngine, engineNames } from "./choose.ts";
