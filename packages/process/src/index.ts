export { startCompute, type ComputeEnd, type ComputeProcess, type ComputeReport } from "./compute-process.ts";
export { explainError, refusalOf } from "./crash.ts";
export { hasEnded, identify, isRunning, ownIdentity, waitForEnd, type ProcessIdentity } from "./identity.ts";
export { endGroupWithParent } from "./lifeline.ts";
export { onLines } from "./lines.ts";
export { keepLoopbackDirect } from "./loopback.ts";
export { countOomKills } from "./oom-kills.ts";
export { builtProgram, programArguments } from "./program.ts";
export { challengeHeader, proofHeader, proofOf } from "./proof.ts";
