import {
  evaluationRevision,
  Problem,
  resolveEncoding,
  taskTypes,
  type DatasetKind,
  type TaskType,
} from "@espalier/contract";
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
        output: workspace.output,
        modelName: originName(await lineageOf(store, claim.teamId, model)),
        datasets: datasets.map(({ id, name, kind, path }) => ({ id, name, task: taskOf(kind), path })),
        encoding: await folderEncoding(workspace.model, spec.encoding ?? {}, spec.mode),
        ...(spec.instruction === undefined ? {} : { instruction: spec.instruction }),
        ...(spec.depths === undefined ? {} : { depths: spec.depths }),
        ...(chunkTokens === undefined ? {} : { chunkTokens }),
      },
      model,
      sources: [...sources, ...datasets.map(({ artifactId }) => artifactId)],
    };
  },
  computedWith: ({ mode, encoding, instruction, depths }) => ({
    mode,
    encoding: resolveEncoding(encoding),
    evaluationRevision,
    ...(instruction === undefined ? {} : { instruction }),
    ...(depths === undefined ? {} : { depths }),
  }),
  publish: async ({ result }, { record, adoptOutput }) => ({
    result,
    artifacts: [
      ...(await record("evaluation-result", "evaluation.json", result)),
      ...(await adoptOutput("evaluation-units")),
    ],
  }),
};

function taskOf(kind: DatasetKind): TaskType {
  const task = taskTypes.find((each) => each === kind);
  if (task === undefined)
    throw new Problem("dataset/wrong-kind", `A dataset of ${kind} is of no evaluation task.`);
  return task;
}
