import manifest from "../package.json" with { type: "json" };

/** The version of the service, as its workers and clients see it. */
export const version: string = manifest.version;
