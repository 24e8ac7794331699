import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { datasetFileHelp, datasetFileOptions, parseDatasetFormat } from "../arguments/dataset-file.ts";
import { storeDataset } from "../offline/dataset.ts";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { computeWithBars } from "../offline/compute-with-bars.ts";
import { layersOptions, parseLayers } from "../arguments/layers.ts";
import { checkExists } from "../offline/existing.ts";
import { makeFolder } from "../offline/new-folder.ts";
import { printPruned } from "../offline/pruned.ts";

export const prune = defineCommand({
  name: "prune",
  arguments: "DIR OUT",
  summary: "write some layers of a model folder to a new one, without a server",
  examples: [
    "espalier prune SmolLM2-135M SmolLM2-cut --drop 30%",
    "espalier prune SmolLM2-135M SmolLM2-trimmed --keep 12 --vocabulary texts.txt",
    "espalier prune SmolLM2-135M SmolLM2-scattered --keep 0-4,9,11",
  ],
  help: [
    "--keep N    how many layers to keep; 0-9,20 keeps these, numbered from 0",
    "--drop 30%  instead: drop this share of them from the top",
    "--vocabulary FILE  keep of the vocabulary what the texts of FILE use: the tokenizer and the embedding shrink",
    ...datasetFileHelp,
    "DIR is a Hugging Face folder; an adapter in it is merged. OUT must not exist.",
  ],
  arity: [2, 2],
  options: { ...layersOptions, vocabulary: { type: "string" }, ...datasetFileOptions },
  async run(context, values, [dir = "", out = ""]) {
    const { output, path } = context;
    const { vocabulary, columns, header } = values;
    const all = vocabulary === undefined ? undefined : { dropPercent: 0 };
    const layers = parseLayers(values) ?? all;
    if (layers === undefined) throw new UsageError("say what stays: --keep 24, or --drop 30%");
    const [model, target] = [path(dir), path(out)];
    await checkExists(model, "folder");
    if (vocabulary !== undefined) await checkExists(path(vocabulary), "file");
    const pruned = await makeFolder(target, async (draft) => {
      const pruning = { model, layers, output: draft };
      if (vocabulary === undefined) return computeWithBars(context, "prune-folder", pruning);
      const work = `${draft}.work`;
      await mkdir(work);
      const texts = join(work, "rows.jsonl");
      const file = { path: path(vocabulary), format: parseDatasetFormat(values.format), columns, header };
      await storeDataset("texts", file, texts, output);
      const vocabularyOf = { path: texts, texts: true };
      return computeWithBars(context, "prune-folder", { ...pruning, vocabularyOf });
    });
    printPruned(output, target, pruned);
    return exitCode.ok;
  },
});
