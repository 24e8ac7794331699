import { join } from "node:path";
import { Problem, resolveSearchSettings, searchRuleTraits, type SearchResult } from "@espalier/contract";
import type { OutcomeOf } from "@espalier/contract/compute";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { computeWithBars } from "../offline/compute-with-bars.ts";
import { datasetFileHelp, datasetFileOptions, parseDatasetFormat } from "../arguments/dataset-file.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineHelp, engineOptions, onEngine } from "../arguments/engine.ts";
import { storeDataset, withScratch } from "../offline/dataset.ts";
import { checkExists } from "../offline/existing.ts";
import { makeFolder } from "../offline/new-folder.ts";
import { printPruned } from "../offline/pruned.ts";
import { parseSearch, printSearch, search, searchHelp, searchOptions } from "../offline/search.ts";

const picks = ["small", "large"] as const;

export const l3prune = defineCommand({
  name: "l3prune",
  arguments: "DIR",
  summary: "find the depths of a model folder that are worth keeping, without a server",
  examples: [
    "espalier l3prune SmolLM2-135M --triplets triplets.jsonl --set batches=2",
    "espalier l3prune SmolLM2-135M --triplets triplets.jsonl --set batches=2 --keep small --out SmolLM2-small",
  ],
  get help() {
    return [
      "--triplets FILE     queries with positives and negatives: JSON lines, CSV, TSV, Parquet …",
      ...datasetFileHelp,
      "--out OUT           write the model with the layers that were picked; OUT must not exist",
      "--keep PICK         which: large (default) or small",
      ...searchHelp(),
      ...encodingHelp,
      ...engineHelp,
    ];
  },
  arity: [1, 1],
  options: {
    triplets: { type: "string" },
    ...datasetFileOptions,
    out: { type: "string" },
    keep: { type: "string" },
    ...searchOptions,
    ...encodingOptions,
    ...engineOptions,
  },
  async run(given, values, [dir = ""]) {
    const context = onEngine(given, values);
    const { output, path } = context;
    const parsed = parseSearch(values);
    const { rule } = resolveSearchSettings(parsed.settings, parsed.mode);
    if (rule === "evaluation")
      throw new UsageError("`espalier evaluate DIR --depths all` scores every depth without a server");
    const reads = searchRuleTraits[rule].datasets.length > 0;
    if (values.triplets === undefined && reads) throw new UsageError("--triplets FILE is missing");
    if (values.keep !== undefined && values.out === undefined) throw new UsageError("--keep needs --out OUT");
    const pick = picks.find((pick) => pick === (values.keep ?? "large"));
    if (pick === undefined) throw new UsageError(`--keep must be small or large, not \`${values.keep}\``);
    const { format, columns, header } = values;
    const file = values.triplets !== undefined &&
      reads && { path: path(values.triplets), format: parseDatasetFormat(format), columns, header };
    const model = path(dir);
    const job = { model, encoding: parseEncoding(values), ...parsed };
    await checkExists(model, "folder");
    if (file) await checkExists(file.path, "file");
    const find = () =>
      withScratch(async (work) => {
        if (!file) return search(context, job);
        const rows = join(work, "rows.jsonl");
        const name = await storeDataset("triplets", file, rows, output);
        return search(context, { ...job, dataset: { kind: "triplets", name, path: rows } });
      });

    if (values.out === undefined) {
      const result = await find();
      if (output.json) output.printJson(result);
      else printSearch(context, result);
      return exitCode.ok;
    }
    const target = path(values.out);
    const { result, pruned } = await makeFolder(target, async (draft) => {
      const result = await find();
      if (!output.json) printSearch(context, result);
      try {
        return { result, pruned: await keep(context, result, model, draft, pick) };
      } catch (error) {
        if (output.json) output.printJson(result);
        throw error;
      }
    });
    if (output.json) output.printJson({ ...result, pruned: { path: target, ...pruned } });
    else printPruned(output, target, pruned);
    return exitCode.ok;
  },
});

/** Writes the model with the layers that were picked. */
async function keep(
  context: Context,
  told: SearchResult,
  model: string,
  output: string,
  pick: "small" | "large",
): Promise<OutcomeOf<"prune-folder">> {
  const found = told[pick];
  const named = told.keep?.[pick];
  const layers = named ? { keep: named } : found;
  if (layers === null)
    throw new Problem("layers/out-of-range", "The search picked no depth, so that nothing was written.");
  // The search has told what both notice.
  return computeWithBars(context, "prune-folder", { model, layers, output }, [], told.remarks);
}
