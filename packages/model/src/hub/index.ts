export { type HubAccess, type HubLimits } from "./access.ts";
export { cachedModel, type CachedModelOptions } from "./cached-model.ts";
export { readHubAccess } from "./config.ts";
export { downloadModel } from "./download-model.ts";
