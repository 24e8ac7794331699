export { inspectDatabase, type DatabaseInspection } from "./database.ts";
export { inspectFolder, inspectScratch, type FolderInspection } from "./folder.ts";
