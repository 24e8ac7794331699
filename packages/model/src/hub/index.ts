export { type HubAccess, type HubLimits } from "./access.ts";
export { downloadModel } from "./download-model.ts";
