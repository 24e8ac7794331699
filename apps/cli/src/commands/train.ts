import { copyFile, constants, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resolveSpec, resolveTrainingSettings, type SpecOf } from "@espalier/contract";
import type { OutcomeOf } from "@espalier/contract/compute";
import { folderEncoding } from "@espalier/model";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { parseMode } from "../arguments/mode.ts";
import { parseSettings } from "../arguments/settings.ts";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { computeWithBars } from "../offline/compute-with-bars.ts";
import { storeDataset } from "../offline/dataset.ts";
import { checkExists } from "../offline/existing.ts";
import { makeFolder } from "../offline/new-folder.ts";
import { modelFiles, nameOf, type ModelFile } from "../service/model-folder.ts";
import { formatCount, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";

export const train = defineCommand({
  name: "train",
  arguments: "DIR",
  summary: "train a model folder as a text encoder, without a server",
  get help() {
    return [
      "--triplets FILE     JSON lines {query, pos, neg}",
      "--texts FILE        instead: bare texts, for objective=simcse; --format lines where each line is one",
      "--out OUT           the model's files with the adapter, or the whole model with method=full; OUT must not exist",
      "--set NAME=VALUE    a setting of a training run, such as steps=60; repeat. Their defaults:",
      ...defaults(),
      "--mode reference    as l3prune's code does it where that is odd",
      "--base NAME         what the adapter's config names as its base; default: the path of DIR",
      ...encodingHelp,
      "DIR is a Hugging Face folder without an adapter. Give evaluate, embed and export the same options of encoding.",
    ];
  },
  arity: [1, 1],
  options: {
    triplets: { type: "string" },
    texts: { type: "string" },
    format: { type: "string" },
    out: { type: "string" },
    set: { type: "string", multiple: true },
    mode: { type: "string" },
    base: { type: "string" },
    ...encodingOptions,
  },
  async run(context, values, [dir = ""]) {
    const { output, path } = context;
    if (values.out === undefined) throw new UsageError("--out OUT is missing");
    const given = { encoding: parseEncoding(values), mode: parseMode(values.mode) };
    const { settings, encoding, mode } = resolveTraining(parseSettings(values.set), given);
    const { kind, file, format } = parseData(values);
    const [model, data, target] = [path(dir), path(file), path(values.out)];
    await checkExists(model, "folder");
    await checkExists(data, "file");

    const { result } = await makeFolder(target, async (draft) => {
      const files = await modelFiles(model);
      const work = `${draft}.work`;
      await mkdir(work);
      const triplets = join(work, "rows.jsonl");
      await storeDataset(kind, { path: data, format }, triplets);
      // They are written before anything is computed: what does not fit on the disk must not cost the training.
      if (settings.method === "lora") await copyFiles(files, draft);
      return computeWithBars(
        context,
        "train",
        {
          model,
          output: draft,
          mode,
          baseName: values.base ?? model,
          modelName: nameOf(model),
          triplets,
          texts: kind === "texts",
          encoding: await folderEncoding(model, encoding, mode),
          // Nobody could go on from a checkpoint: an interrupted command leaves nothing.
          settings: { ...settings, checkpointEvery: settings.steps },
          checkpoints: work,
        },
        ["loss"],
      );
    });
    if (output.json) output.printJson({ path: target, ...result });
    else printTraining(context, target, result);
    return exitCode.ok;
  },
});

/** Settings and encoding of a run that was asked for the same, with the defaults that it would have. */
function resolveTraining(
  settings: Record<string, unknown>,
  { encoding, mode }: Pick<SpecOf<"train">, "encoding"> & { mode: NonNullable<SpecOf<"train">["mode"]> },
) {
  if (Object.hasOwn(settings, "checkpointEvery"))
    throw new UsageError("checkpointEvery is of runs of the service; an interrupted command leaves nothing");
  const spec = { kind: "train", model: "", datasetId: "", encoding, mode, settings } as SpecOf<"train">;
  const resolved = resolveSpec(spec);
  return {
    mode,
    encoding: resolved.encoding!,
    settings: resolveTrainingSettings(resolved.settings, mode),
  };
}

interface DataValues {
  triplets?: string | undefined;
  texts?: string | undefined;
  format?: string | undefined;
}

function parseData({ triplets, texts, format }: DataValues) {
  if ((triplets === undefined) === (texts === undefined))
    throw new UsageError("give --triplets FILE, or --texts FILE for objective=simcse");
  if (triplets !== undefined && format !== undefined)
    throw new UsageError("--format is for --texts; triplets are JSON lines");
  if (format !== undefined && format !== "jsonl" && format !== "lines")
    throw new UsageError(`--format must be jsonl or lines, not \`${format}\``);
  return triplets === undefined
    ? ({ kind: "texts", file: texts!, format } as const)
    : ({ kind: "triplets", file: triplets, format: undefined } as const);
}

/** Copies a model's files, without taking space for them where the file system can share it. */
async function copyFiles(files: readonly ModelFile[], folder: string): Promise<void> {
  for (const { name, path } of files) {
    const copy = join(folder, name);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
    const file = await open(copy, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Lines with all settings that have a default. */
function defaults(): string[] {
  const hidden = ["checkpointEvery"];
  const all = Object.entries(resolveTrainingSettings()).filter(([name]) => !hidden.includes(name));
  const lines: string[] = [];
  for (const [name, value] of all) {
    const text = `${name}=${String(value)}`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < 76) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  const open = "warmupSteps, scheduleSteps and matryoshka=[64,128] have none";
  return [...lines, open].map((line) => `${" ".repeat(20)}${line}`);
}

function printTraining({ output }: Context, path: string, result: OutcomeOf<"train">["result"]): void {
  const lines = formatTable(
    [result],
    [
      { title: "STEPS", value: ({ steps }) => steps.toLocaleString("en"), align: "right" },
      { title: "FIRST LOSS", value: ({ firstLoss }) => firstLoss.toFixed(4), align: "right" },
      { title: "LAST LOSS", value: ({ lastLoss }) => lastLoss.toFixed(4), align: "right" },
      {
        title: "TRAINED",
        value: ({ trainableParameters }) => formatCount(trainableParameters),
        align: "right",
      },
      { title: "TOKENS/S", value: ({ tokensPerSecond }) => formatCount(tokensPerSecond), align: "right" },
      { title: "TIME", value: ({ seconds }) => formatDuration(seconds * 1000), align: "right" },
    ],
  );
  for (const line of lines) output.print(line);
  output.note(`written to ${path}`);
}
