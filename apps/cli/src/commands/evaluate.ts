import { join } from "node:path";
import {
  chunkTokensOf,
  newId,
  resolveSpec,
  type EvaluationResult,
  type SpecOf,
  type StsScore,
} from "@espalier/contract";
import { folderEncoding } from "@espalier/model";
import { parseDatasetArgument } from "../arguments/dataset-argument.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineHelp, engineOptions, onEngine } from "../arguments/engine.ts";
import { parseMode } from "../arguments/mode.ts";
import { given } from "../arguments/settings.ts";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { computeWithBars } from "../offline/compute-with-bars.ts";
import { storeDataset, withScratch } from "../offline/dataset.ts";
import { checkExists } from "../offline/existing.ts";
import { nameOf } from "../service/model-folder.ts";
import { formatCount } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

export const evaluate = defineCommand({
  name: "evaluate",
  arguments: "DIR",
  summary: "measure a model folder on graded pairs of sentences, without a server",
  examples: [
    "espalier evaluate SmolLM2-cut --sts sts.jsonl",
    "espalier evaluate SmolLM2-cut --sts stsb=sts-test.csv:score=5,sentence1=6,sentence2=7",
  ],
  help: [
    "--sts [NAME=]FILE   JSON lines, CSV, TSV or Parquet with sentence1, sentence2 and score; others as",
    "                    FILE:score=5,sentence1=6,sentence2=7, FILE:header,score=… or FILE:score=label; repeat for more",
    "--mode reference    as l3prune's code does it where that is odd",
    ...encodingHelp,
    ...engineHelp,
    "DIR is a Hugging Face folder, with an adapter or without. Nothing is written.",
  ],
  arity: [1, 1],
  options: {
    sts: { type: "string", multiple: true },
    mode: { type: "string" },
    ...encodingOptions,
    ...engineOptions,
  },
  async run(caller, values, [dir = ""]) {
    const context = onEngine(caller, values);
    const { output, path } = context;
    if (values.sts === undefined) throw new UsageError("--sts FILE is missing");
    const files = values.sts.map((text) => parseDatasetArgument(text, path));
    const spec = resolveSpec({
      kind: "evaluate",
      model: "",
      datasetIds: [],
      mode: parseMode(values.mode),
      encoding: parseEncoding(values),
    } satisfies SpecOf<"evaluate">);
    const model = path(dir);
    await checkExists(model, "folder");
    for (const file of files) await checkExists(file.path, "file");

    await withScratch(async (work) => {
      const datasets = [];
      for (const file of files) {
        const id = newId("dataset");
        const stored = join(work, id);
        datasets.push({ id, name: await storeDataset("sts", file, stored, output), path: stored });
      }
      const { result } = await computeWithBars(context, "evaluate", {
        model,
        modelName: nameOf(model),
        datasets,
        mode: spec.mode,
        encoding: await folderEncoding(model, spec.encoding ?? {}, spec.mode),
        ...given({ chunkTokens: chunkTokensOf(spec) }),
      });
      if (output.json) output.printJson({ ...result, sts: result.sts.map(withoutId) });
      else printScores(context, result);
    });
    return exitCode.ok;
  },
});

/** Nothing is registered here under an id. */
const withoutId = ({ name, spearman, pearson, pairs }: StsScore) => ({ name, spearman, pearson, pairs });

function printScores({ output }: Context, { sts, tokensPerSecond }: EvaluationResult): void {
  const lines = formatTable(sts, [
    { title: "DATASET", value: ({ name }) => name },
    { title: "PAIRS", value: ({ pairs }) => pairs.toLocaleString("en"), align: "right" },
    { title: "SPEARMAN", value: ({ spearman }) => spearman.toFixed(4), align: "right" },
    { title: "PEARSON", value: ({ pearson }) => pearson.toFixed(4), align: "right" },
  ]);
  for (const line of lines) output.print(line);
  output.note(`${formatCount(tokensPerSecond)} tokens a second`);
}
