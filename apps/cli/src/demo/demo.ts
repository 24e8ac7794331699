import type { Client, DatasetKind, Experiment, ExperimentSpec, Run } from "@espalier/contract";
import { isProblem, Problem } from "@espalier/contract";
import { datasetQuery, type DatasetFile } from "../arguments/dataset-file.ts";
import { lookUp } from "../service/lookup.ts";
import { modelFiles, nameOf, streamFile } from "../service/model-folder.ts";
import { uploadModel } from "../service/upload-model.ts";
import { patiently } from "../service/patience.ts";
import type { Output } from "../terminal/output.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { runBars } from "../watch/run-bars.ts";
import { watchRuns } from "../watch/watch-runs.ts";
import { runsOf } from "../watch/watch.ts";

export interface DemoInput {
  modelFolder: string;
  triplets: DatasetFile;
  sts: readonly DatasetFile[];
  /** The recipe, without what registering yields. */
  recipe: Omit<ExperimentSpec, "modelId" | "triplets" | "evaluation">;
}

export interface DemoOutcome {
  experiment: Experiment;
  runs: Run[];
}

/** Registers model and data, submits one experiment and watches it to its end. Survives restarts of the service. */
export async function runDemo(
  client: Client,
  { modelFolder, triplets, sts, recipe }: DemoInput,
  output: Output,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const bars = new ProgressBars(output);
  const note = (line: string): void => bars.note(line);
  const patient = <T>(request: () => Promise<T>): Promise<T> => patiently(request, { signal, note });
  const watch = (load: () => Promise<Run[]>): Promise<Run[]> =>
    watchRuns({
      load,
      events: (signal) => client.events(signal),
      show: (runs) => bars.show(runBars(runs)),
      note,
      signal,
    }).finally(() => bars.end());

  const files = await modelFiles(modelFolder);
  const { model, run } = await uploadModel(client, { name: nameOf(modelFolder), replace: true }, files, {
    bars,
    note,
    signal,
  });
  const imported = await watch(async () => [await client.runs.get(run.id)]);
  throwIfFailed(imported);

  const register = (kind: DatasetKind, file: DatasetFile): Promise<string> =>
    patient(() => addDataset(client, kind, file));
  const tripletsId = await register("triplets", triplets);
  const evaluation: string[] = [];
  for (const file of sts) evaluation.push(await register("sts", file));

  const spec: ExperimentSpec = { ...recipe, modelId: model.id, triplets: tripletsId, evaluation };
  const submission = { idempotencyKey: globalThis.crypto.randomUUID() };
  const { id } = await patient(() => client.experiments.submit(spec, submission));
  note(`experiment ${id}: ${(spec.variants ?? ["none", "large", "small"]).join(", ")}`);
  const runs = await watch(() => runsOf(client, id));
  return { experiment: await patient(() => client.experiments.get(id)), runs };
}

/** Registers a dataset; one of the same name that an earlier, unanswered request left is taken. */
async function addDataset(client: Client, kind: DatasetKind, file: DatasetFile): Promise<string> {
  const query = datasetQuery(kind, file);
  try {
    return (await client.datasets.create(query, await streamFile(file.path))).id;
  } catch (error) {
    if (!isProblem(error) || error.code !== "resource/conflict") throw error;
    return lookUp("dataset", query.name, client.datasets.list);
  }
}

function throwIfFailed(runs: readonly Run[]): void {
  for (const { problem } of runs) if (problem) throw Problem.fromDocument(problem);
}
