export { explainCrash, explainError } from "./crash.ts";
export { hasEnded, ownIdentity } from "./identity.ts";
export { onLines } from "./lines.ts";
