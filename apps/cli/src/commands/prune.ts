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
    "espalier prune SmolLM2-135M SmolLM2-scattered --keep 0-4,9,11",
  ],
  help: [
    "--keep N    how many layers to keep; 0-9,20 keeps these, numbered from 0",
    "--drop 30%  instead: drop this share of them from the top",
    "DIR is a Hugging Face folder; an adapter in it is merged. OUT must not exist.",
  ],
  arity: [2, 2],
  options: layersOptions,
  async run(context, values, [dir = "", out = ""]) {
    const { output, path } = context;
    const layers = parseLayers(values);
    if (layers === undefined) throw new UsageError("say what stays: --keep 24, or --drop 30%");
    const [model, target] = [path(dir), path(out)];
    await checkExists(model, "folder");
    const pruned = await makeFolder(target, (draft) =>
      computeWithBars(context, "prune-folder", { model, layers, output: draft }),
    );
    printPruned(output, target, pruned);
    return exitCode.ok;
  },
});
