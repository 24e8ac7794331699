import { createHash } from "node:crypto";
import { evaluationRevision, resolveSpec, type RunKind, type RunSpec } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { canonical } from "../http/canonical.ts";
import type { ExpandedRun } from "./expand.ts";

/** Raised when a release gives another result for the same spec, so that what earlier ones found is not taken for it. */
const revisions: { readonly [Kind in RunKind]: number } = {
  import: 1,
  prune: 1,
  search: 1,
  train: 1,
  evaluate: evaluationRevision,
  export: 1,
};

/**
 * Gives each run its address: the SHA-256 of its kind, of its settings with all defaults written out, and of the contents of its inputs. What
 * another run makes is known by that run's address, so that a whole graph has its addresses before anything is computed. Names are left out.
 * @param runs each after those that it depends on
 */
export async function withAddresses<Run extends ExpandedRun>(
  runs: readonly Run[],
  store: Pick<Store, "models" | "datasets">,
  teamId: string,
): Promise<(Run & { address: string })[]> {
  const addresses = new Map<string, string>();
  const contents = new Map<string, Promise<unknown>>();
  const once = (id: string, read: () => Promise<unknown>): Promise<unknown> => {
    const found = contents.get(id) ?? read();
    contents.set(id, found);
    return found;
  };
  const model = (id: string) =>
    once(id, async () => {
      const files = await store.models.files(teamId, id);
      const known = files
        .map(({ name, sha256 }) => [name, sha256] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1));
      // A model without files is told by its id alone.
      return known.length > 0 ? known : id;
    });
  const dataset = (id: string) =>
    once(id, async () => {
      const { kind } = await store.datasets.outline(teamId, id);
      return [kind, (await store.datasets.stored(teamId, id)).sha256];
    });
  const ref = (given: unknown): unknown => {
    if (typeof given === "string") return model(given);
    if (typeof given !== "object" || given === null || !("run" in given)) return given;
    return { ...given, run: addresses.get(given.run as string) ?? given.run };
  };
  const addressed = [];
  for (const run of runs) {
    const { name: _name, ...spec } = resolveSpec(run.spec) as RunSpec & { name?: string };
    const inputs: Record<string, unknown> = {};
    if ("model" in spec) inputs["model"] = await ref(spec.model);
    if ("layers" in spec) inputs["layers"] = await ref(spec.layers);
    if ("datasetId" in spec) inputs["datasetId"] = await dataset(spec.datasetId);
    // The result of an evaluation names its datasets, so they are told by their ids too.
    if ("datasetIds" in spec)
      inputs["datasetIds"] = await Promise.all(spec.datasetIds.map(async (id) => [id, await dataset(id)]));
    const content = canonical({ ...spec, ...inputs, revision: revisions[spec.kind] });
    const address = createHash("sha256").update(content).digest("hex");
    addresses.set(run.id, address);
    addressed.push({ ...run, address });
  }
  return addressed;
}
