import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { compute } from "../offline/compute.ts";
import { parseLayers } from "../arguments/layers.ts";
import { checkExists } from "../offline/existing.ts";
import { makeFolder } from "../offline/new-folder.ts";
import { printPruned } from "../offline/pruned.ts";

export const prune = defineCommand({
  name: "prune",
  arguments: "DIR OUT",
  summary: "write some layers of a model folder to a new one, without a server",
  help: [
    "--layers N  how many to keep; 30% drops this share of them from the top; 0-9,20 keeps these, numbered from 0",
    "DIR is a Hugging Face folder; an adapter in it is merged. OUT must not exist.",
  ],
  arity: [2, 2],
  options: { layers: { type: "string" } },
  async run({ environment, output, path, signal }, values, [dir = "", out = ""]) {
    if (values.layers === undefined) throw new UsageError("--layers is missing: a count such as 24, or 30%");
    const layers = parseLayers(values.layers);
    const [model, target] = [path(dir), path(out)];
    await checkExists(model, "folder");
    const pruned = await makeFolder(target, (draft) =>
      compute("prune-folder", { model, layers, output: draft }, { environment, signal, warn: output.warn }),
    );
    printPruned(output, target, pruned);
    return exitCode.ok;
  },
});
