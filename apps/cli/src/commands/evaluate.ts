import { access } from "node:fs/promises";
import { join } from "node:path";
import {
  chunkTokensOf,
  mainMetrics,
  newId,
  resolveSpec,
  type EvaluationResult,
  taskTypes,
  type SpecOf,
  type TaskScore,
  type TaskType,
} from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import { parseDatasetArgument } from "../arguments/dataset-argument.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineHelp, engineOptions, onEngine } from "../arguments/engine.ts";
import { parseDepths } from "../arguments/depths.ts";
import { parseMode } from "../arguments/mode.ts";
import { given } from "../arguments/settings.ts";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { computeWithBars } from "../offline/compute-with-bars.ts";
import { storeDataset, withScratch } from "../offline/dataset.ts";
import { checkExists } from "../offline/existing.ts";
import { nameOf } from "../service/model-folder.ts";
import { formatCount } from "../terminal/format.ts";
import { depthLines } from "../tables/depth-lines.ts";
import { formatTable } from "../terminal/table.ts";

const taskOptions = Object.fromEntries(
  taskTypes.map((task) => [task, { type: "string", multiple: true }]),
) as { readonly [K in TaskType]: { readonly type: "string"; readonly multiple: true } };

export const evaluate = defineCommand({
  name: "evaluate",
  arguments: "DIR",
  summary: "measure a model folder on evaluation tasks, without a server",
  examples: [
    "espalier evaluate SmolLM2-cut --sts sts.jsonl",
    "espalier evaluate SmolLM2-cut --sts stsb=sts-test.csv:score=5,sentence1=6,sentence2=7",
    "espalier evaluate SmolLM2-cut --retrieval scifact --classification banking77",
  ],
  help: [
    "--sts [NAME=]FILE   JSON lines, CSV, TSV or Parquet with sentence1, sentence2 and score; others as",
    "                    FILE:score=5,sentence1=6,sentence2=7, FILE:header,score=… or FILE:score=label; repeat for more",
    "--retrieval [NAME=]FOLDER   BEIR's corpus.jsonl, queries.jsonl and qrels/test.tsv",
    "--classification FOLDER     train and test with columns text and label; or a FILE with the column split",
    "--reranking, --clustering, --pair-classification, --bitext-mining FILE   with mteb's columns",
    "--instruction TEXT  before queries, and before all texts where a task has no documents",
    "--depths all        or 8,12,24: the scores with so many of the first layers, all from one pass over the texts",
    "--mode reference    as l3prune's code does it where that is odd",
    ...encodingHelp,
    ...engineHelp,
    "DIR is a Hugging Face folder, with an adapter or without. Nothing is written.",
  ],
  arity: [1, 1],
  options: {
    ...taskOptions,
    instruction: { type: "string" },
    depths: { type: "string" },
    mode: { type: "string" },
    ...encodingOptions,
    ...engineOptions,
  },
  async run(caller, values, [dir = ""]) {
    const context = onEngine(caller, values);
    const { output, path } = context;
    const files = taskTypes.flatMap((task) =>
      (values[task] ?? []).map((text) => ({ task, ...parseDatasetArgument(text, path) })),
    );
    if (files.length === 0)
      throw new UsageError(`--sts FILE is missing, or another task: --${taskTypes.slice(1).join(", --")}`);
    const spec = resolveSpec({
      kind: "evaluate",
      model: "",
      datasetIds: [],
      mode: parseMode(values.mode),
      encoding: parseEncoding(values),
    } satisfies SpecOf<"evaluate">);
    const model = path(dir);
    await checkExists(model, "folder");
    for (const { path: file } of files) await access(file);

    await withScratch(async (work) => {
      const datasets = [];
      for (const file of files) {
        const id = newId("dataset");
        const stored = join(work, id);
        const name = await storeDataset(file.task, file, stored, output);
        datasets.push({ id, name, task: file.task, path: stored });
      }
      const { result } = await computeWithBars(context, "evaluate", {
        model,
        modelName: nameOf(model),
        datasets,
        mode: spec.mode,
        ...given({ instruction: values.instruction, depths: parseDepths(values.depths) }),
        encoding: await folderEncoding(model, spec.encoding ?? {}, spec.mode),
        ...given({ chunkTokens: chunkTokensOf(spec) }),
      });
      if (output.json)
        output.printJson({
          ...result,
          scores: result.scores.map(withoutId),
          ...(result.depths && {
            depths: result.depths.map((at) => ({ ...at, scores: at.scores.map(withoutId) })),
          }),
        });
      else printScores(context, result);
    });
    return exitCode.ok;
  },
});

/** Nothing is registered here under an id. */
const withoutId = ({ name, task, score, metrics, units }: TaskScore) => ({
  name,
  task,
  score,
  metrics,
  units,
});

function printScores({ output }: Context, { scores, depths, tokensPerSecond }: EvaluationResult): void {
  for (const line of depthLines(depths ?? [], output.columns())) output.print(line);
  const lines = formatTable(scores, [
    { title: "DATASET", value: ({ name }) => name },
    { title: "METRIC", value: ({ task }) => mainMetrics[task] },
    { title: "SCORE", value: ({ score }) => score.toFixed(4), align: "right" },
    { title: "OVER", value: ({ units }) => units.toLocaleString("en"), align: "right" },
  ]);
  for (const line of lines) output.print(line);
  output.note(`${formatCount(tokensPerSecond)} tokens a second`);
}
