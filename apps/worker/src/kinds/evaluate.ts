import { resolveEncoding } from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import { dataset } from "./inputs.ts";
import type { WorkerKind } from "./kind.ts";
import { lineageOf, originName } from "./lineage.ts";

export const evaluateRun: WorkerKind<"evaluate"> = {
  async prepare(spec, { claim, workspace, context, model, sources, common, chunkTokens }) {
    const { store } = context;
    const datasets = [];
    for (const id of spec.datasetIds) datasets.push(await dataset(store, claim.teamId, id, workspace));
    return {
      job: {
        ...common,
        kind: "evaluate",
        mode: spec.mode ?? "default",
        model: workspace.model,
        modelName: originName(await lineageOf(store, claim.teamId, model)),
        datasets: datasets.map(({ id, name, path }) => ({ id, name, path })),
        encoding: await folderEncoding(workspace.model, spec.encoding ?? {}, spec.mode),
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
      },
      model,
      sources: [...sources, ...datasets.map(({ artifactId }) => artifactId)],
    };
  },
  computedWith: ({ mode, encoding }) => ({ mode, encoding: resolveEncoding(encoding) }),
  publish: async ({ result }, { record }) => ({
    result,
    artifacts: await record("evaluation-result", "evaluation.json", result),
  }),
};
