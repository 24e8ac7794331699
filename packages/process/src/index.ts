export { startCompute, type ComputeEnd, type ComputeProcess, type ComputeReport } from "./compute-process.ts";
export { explainError } from "./crash.ts";
export { hasEnded, ownIdentity } from "./identity.ts";
export { onLines } from "./lines.ts";
export { countOomKills } from "./oom-kills.ts";
