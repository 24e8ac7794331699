import { parseHubReference, Problem } from "@espalier/contract";
import type { CachedModelOptions } from "@espalier/model/hub";

/**
 * The folder of a model: the source itself, or where a model of the hub has been downloaded to, and its name there.
 * @throws {Problem} `request/invalid` for what begins with `hf:` and names no repository; `hub/…`
 */
export async function findModel(
  source: string,
  options?: CachedModelOptions,
): Promise<{ directory: string; hubName?: string }> {
  if (!source.startsWith("hf:")) return { directory: source };
  const reference = parseHubReference(source);
  if (reference === undefined)
    throw new Problem(
      "request/invalid",
      `"${source}" names no repository; give hf:ORG/NAME or hf:ORG/NAME@REVISION.`,
    );
  // Who opens a folder loads no client of HTTP.
  const { cachedModel } = await import("@espalier/model/hub");
  return { directory: await cachedModel(reference, options), hubName: reference.hub };
}
