export { defaultLimits, type HubAccess, type HubLimits } from "./access.ts";
export { downloadModel, type DownloadOptions, type DownloadProgress } from "./download-model.ts";
