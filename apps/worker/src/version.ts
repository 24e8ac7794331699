import manifest from "../package.json" with { type: "json" };

/** Version of the worker, as the service shows it and the manifests of its runs record it. */
export const version: string = manifest.version;
