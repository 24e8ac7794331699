import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, isTerminal, mergePatch, type ExperimentSpec } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { parseDatasetArgument } from "../arguments/dataset-argument.ts";
import { runDemo, type DemoInput } from "../demo/demo.ts";
import { demoResult } from "../demo/result.ts";
import { checkExists, checkWritable } from "../offline/existing.ts";
import { exitCodeOfRuns } from "../exit-code.ts";
import { readReport } from "../report/report-data.ts";
import { writeReport } from "../report/write-report.ts";
import { repository } from "../repository.ts";
import { printReport } from "../tables/experiment-report.ts";
import { printFailedRuns } from "../tables/failed-run.ts";
import { startStack } from "../stack/stack.ts";
import { formatDuration } from "../terminal/format.ts";
import { parseVariants } from "../arguments/variants.ts";
import { encodingHelp, encodingOptions, parseEncoding, type EncodingValues } from "../arguments/encoding.ts";
import { given, parsePatch } from "../arguments/settings.ts";

const bundled = join(repository, "apps/cli/demo");

/** Settings under which the bundled model shows the whole way in minutes on two cores. */
const bundledRecipe = {
  search: { batches: 8, batchSize: 64 },
  training: { steps: 60, batchSize: 64, learningRate: 3e-3, checkpointEvery: 10 },
  encoding: { maxLength: 64 },
} as const satisfies Partial<ExperimentSpec>;

/** For a model of one's own, until options say otherwise. */
const ownRecipe = {
  search: { batches: 20 },
  training: { steps: 60, batchSize: 64 },
  encoding: { maxLength: 128 },
} as const satisfies Partial<ExperimentSpec>;

export const demo = defineCommand({
  name: "demo",
  summary: "one experiment from start to end on a stack of its own, which is gone afterwards",
  examples: ["espalier demo", "espalier demo --json result.json --set training.steps=20"],
  help: [
    "--json FILE            write the result as JSON",
    "--report DIR           write the report: Markdown, JSON, and a page with figures",
    "--keep                 leave the stack up until Ctrl-C, and print its URL and key",
    "--model DIR            a Hugging Face folder instead of the bundled model; needs --triplets and --sts",
    "--triplets FILE        JSON lines {query, pos, neg}; a TSV as FILE:query=1,positive=2,negative=3",
    "--sts [NAME=]FILE      JSON lines {sentence1, sentence2, score}, or a TSV as FILE:score=5,sentence1=6,sentence2=7;",
    "                       FILE:header,score=… skips the first line; repeat for several sets",
    "--variants LIST        default none,large,small; also 50% or a number of layers",
    "--set FIELD=VALUE      a field of the experiment, such as training.steps=60 or search.batches=20; repeat",
    ...encodingHelp,
  ],
  arity: [0, 0],
  options: {
    json: { type: "string" },
    report: { type: "string" },
    keep: { type: "boolean" },
    model: { type: "string" },
    triplets: { type: "string" },
    sts: { type: "string", multiple: true },
    variants: { type: "string" },
    set: { type: "string", multiple: true },
    ...encodingOptions,
  },
  async run({ output, environment, path, signal }, values) {
    const startedAt = Date.now();
    const input = inputOf(values, path);
    // A slip is told before a stack is started for it.
    await checkExists(input.modelFolder, "folder");
    for (const file of [input.triplets, ...input.sts]) await checkExists(file.path, "file");
    if (values.json !== undefined) await checkWritable(path(values.json));
    const stack = await startStack({
      folder: mkdtempSync(join(tmpdir(), "espalier-demo-")),
      environment,
      signal,
      say: output.note,
    });
    try {
      output.note(`Espalier is up at ${stack.url}; its logs are in ${stack.folder}/logs`);
      const client = createClient({ url: stack.url, key: stack.key });
      const { experiment, runs } = await runDemo(client, input, output, signal);
      const wallSeconds = (Date.now() - startedAt) / 1000;
      output.print("");
      printReport(output, experiment);
      output.print(`\nfrom nothing to this table in ${formatDuration(wallSeconds * 1000)}`);
      printFailedRuns(output, runs);
      if (values.json !== undefined)
        writeFileSync(
          path(values.json),
          `${JSON.stringify(demoResult(experiment, runs, wallSeconds), null, 2)}\n`,
        );
      if (values.report !== undefined)
        await writeReport(path(values.report), await readReport(client, experiment.id, {}));
      if (values.keep) {
        output.print(`\nThe stack stays up at ${stack.url} with the key ${stack.key}; Ctrl-C stops it.`);
        if (!signal.aborted) await once(signal, "abort");
      }
      return exitCodeOfRuns(runs.map(({ state }) => state).filter(isTerminal));
    } finally {
      await stack.stop();
      if (values.keep)
        output.note(`Everything is kept: \`espalier up --data ${stack.folder}\` goes on with it.`);
      else stack.remove();
    }
  },
});

interface DemoValues extends EncodingValues {
  model?: string | undefined;
  triplets?: string | undefined;
  sts?: string[] | undefined;
  variants?: string | undefined;
  set?: string[] | undefined;
}

function inputOf(values: DemoValues, path: (given: string) => string): DemoInput {
  const { model, triplets, sts } = values;
  if (model !== undefined && (triplets === undefined || sts === undefined))
    throw new UsageError("--model needs --triplets and --sts: data in the model's own language");
  const base = model === undefined ? bundledRecipe : ownRecipe;
  // The service checks the recipe against its schema and names the field that is wrong.
  const recipe = {
    ...base,
    name: model === undefined ? "demo" : "comparison",
    ...given({ variants: values.variants === undefined ? undefined : parseVariants(values.variants) }),
    encoding: { ...base.encoding, ...parseEncoding(values) },
  };
  const own = (text: string) => parseDatasetArgument(text, path);
  return {
    modelFolder: model === undefined ? join(bundled, "model") : path(model),
    triplets: triplets === undefined ? { path: join(bundled, "triplets.jsonl") } : own(triplets),
    sts: sts === undefined ? [{ path: join(bundled, "sts.jsonl") }] : sts.map(own),
    recipe: mergePatch(recipe, parsePatch(values.set)) as DemoInput["recipe"],
  };
}
