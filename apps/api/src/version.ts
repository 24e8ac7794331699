import manifest from "../package.json" with { type: "json" };

/** Of the service, as its workers and clients see it. */
export const version: string = manifest.version;
