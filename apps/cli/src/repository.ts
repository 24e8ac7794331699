import { fileURLToPath } from "node:url";

/** Root of the repository: the apps are started from here, where their packages resolve. */
export const repository = fileURLToPath(new URL("../../..", import.meta.url));
