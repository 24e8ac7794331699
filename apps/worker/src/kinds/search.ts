import { resolveEncoding, resolveSearchSettings } from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import { dataset } from "./inputs.ts";
import type { WorkerKind } from "./kind.ts";
import { lineageOf, originName, refuseAdapter } from "./lineage.ts";

export const searchRun: WorkerKind<"search"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common, chunkTokens }) {
    refuseAdapter(model, "searched");
    const { store } = context;
    const triplets = await dataset(store, claim.teamId, spec.datasetId, workspace);
    const { settings = {}, mode = "default" } = spec;
    return {
      job: {
        ...common,
        kind: "search",
        mode,
        modelName: originName(await lineageOf(store, claim.teamId, model)),
        model: workspace.model,
        triplets: triplets.path,
        encoding: await folderEncoding(workspace.model, spec.encoding ?? {}, spec.mode),
        settings,
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
      },
      model,
      sources: [...sources, triplets.artifactId],
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
