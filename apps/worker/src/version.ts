import manifest from "../package.json" with { type: "json" };

/** Of the worker, as the service and the records of its runs see it. */
export const version: string = manifest.version;
