import { Problem, resolveEncoding, resolveSearchSettings, type SearchSettings } from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import type { PreparationContext } from "../attempt/prepare.ts";
import { dataset, finished } from "./inputs.ts";
import type { WorkerKind } from "./kind.ts";
import { lineageOf, originName, refuseAdapter } from "./lineage.ts";

export const searchRun: WorkerKind<"search"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common, chunkTokens }) {
    refuseAdapter(model, "searched");
    const { store } = context;
    const { teamId } = claim;
    const { settings = {}, mode = "default", datasetId } = spec;
    const data = datasetId === undefined ? undefined : await dataset(store, teamId, datasetId, workspace);
    return {
      job: {
        ...common,
        kind: "search",
        mode,
        modelName: originName(await lineageOf(store, teamId, model)),
        model: workspace.model,
        ...(data && { dataset: { kind: data.kind, name: data.name, path: data.path } }),
        encoding: await folderEncoding(workspace.model, spec.encoding ?? {}, spec.mode),
        settings: await withSizes(store, teamId, settings),
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
      },
      model,
      sources: [...sources, ...(data ? [data.artifactId] : [])],
    };
  },
  computedWith: ({ mode, encoding, settings }) => ({
    mode,
    encoding: resolveEncoding(encoding),
    settings: resolveSearchSettings(settings, mode),
  }),
  publish: async ({ result }, { record }) => ({
    result,
    artifacts: await record("search-result", "search.json", result),
  }),
};

/** Settings with the sizes that another search has found in place of its name. */
async function withSizes(
  store: PreparationContext["store"],
  teamId: string,
  { sizesOf, ...settings }: SearchSettings,
): Promise<SearchSettings> {
  if (sizesOf === undefined) return settings;
  const field = "/spec/settings/sizesOf";
  const { result } = await finished(store, teamId, sizesOf, field);
  if (result === undefined || !("lossByLayer" in result))
    throw new Problem("run/upstream-failed", `The run ${sizesOf} is not a search; it has no picks.`, {
      field,
      runId: sizesOf,
    });
  const { small, large } = result;
  if (small === null || large === null)
    throw new Problem("layers/out-of-range", `The search ${sizesOf} has not found both sizes.`, {
      field,
      runId: sizesOf,
    });
  return { ...settings, small, large };
}
