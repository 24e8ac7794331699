import { copyFile, constants, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  checkDistillation,
  fitMemory,
  resolveSpec,
  resolveTrainingSettings,
  type SpecOf,
} from "@espalier/contract";
import type { OutcomeOf } from "@espalier/contract/compute";
import { architectureOf, folderEncoding, openCheckpoint } from "@espalier/model";
import { datasetFileHelp, datasetFileOptions, parseDatasetFormat } from "../arguments/dataset-file.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineHelp, engineOptions, onEngine } from "../arguments/engine.ts";
import { parseMode } from "../arguments/mode.ts";
import { parseBytes } from "../arguments/needs.ts";
import { parseSettings, settingsWithDefaults } from "../arguments/settings.ts";
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
  examples: [
    "espalier train SmolLM2-cut --triplets triplets.jsonl --set steps=2 --set batchSize=16 --out SmolLM2-trained",
    "espalier train SmolLM2-cut --texts texts.txt --set objective=simcse --set steps=2 --set batchSize=2 --out SmolLM2-simcse",
  ],
  get help() {
    return [
      "--triplets FILE     queries with positives and negatives: JSON lines, CSV, TSV, Parquet …",
      "--texts FILE        instead: bare texts, for objective=simcse or distill",
      ...datasetFileHelp,
      "--out OUT           the model's files with the adapter, or the whole model with method=full; OUT must not exist",
      "--set NAME=VALUE    a setting of a training run, such as steps=60; repeat. Their defaults:",
      ...settingsWithDefaults(offlineDefaults()),
      `${" ".repeat(20)}warmupSteps, scheduleSteps and matryoshka=[64,128] have none`,
      "--teacher DIR       of objective=distill: the folder of an encoder, whose vectors are learned",
      "--mode reference    as l3prune's code does it where that is odd",
      "--base NAME         what the adapter's config names as its base; default: the path of DIR",
      ...encodingHelp,
      ...engineHelp,
      "--memory 6GiB       what it may take: it then chooses its chunks, and keeps what there is room for; default: chunks of chunkTokens",
      "DIR is a Hugging Face folder without an adapter. OUT keeps how it makes vectors of texts: evaluate, embed and export need no options.",
      "Ctrl-C ends it and leaves nothing: it cannot go on later, as a run of the service can from its checkpoints.",
    ];
  },
  arity: [1, 1],
  options: {
    triplets: { type: "string" },
    texts: { type: "string" },
    teacher: { type: "string" },
    ...datasetFileOptions,
    out: { type: "string" },
    set: { type: "string", multiple: true },
    mode: { type: "string" },
    base: { type: "string" },
    ...encodingOptions,
    ...engineOptions,
    memory: { type: "string" },
  },
  async run(caller, values, [dir = ""]) {
    const context = onEngine(caller, values);
    const { output, path } = context;
    if (values.out === undefined) throw new UsageError("--out OUT is missing");
    const given = { encoding: parseEncoding(values), mode: parseMode(values.mode) };
    const budget = parseBytes("memory", values.memory);
    const { settings, encoding, mode } = resolveTraining(parseSettings(values.set), given);
    const { kind, ...data } = parseData(values);
    const file = { ...data, path: path(data.path) };
    const [model, target] = [path(dir), path(values.out)];
    await checkExists(model, "folder");
    const teacher = values.teacher === undefined ? undefined : path(values.teacher);
    if (teacher !== undefined) await checkExists(teacher, "folder");
    checkDistillation(settings, teacher === undefined ? undefined : { texts: kind === "texts" });
    await checkExists(file.path, "file");
    const whole = await folderEncoding(model, encoding, mode);
    const memory =
      budget === undefined ? undefined : await planWithin(model, { encoding: whole, mode, settings }, budget);

    const { result } = await makeFolder(target, async (draft) => {
      const files = await modelFiles(model);
      const work = `${draft}.work`;
      await mkdir(work);
      const triplets = join(work, "rows.jsonl");
      await storeDataset(kind, file, triplets, output);
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
          encoding: whole,
          // Nobody could go on from a checkpoint: an interrupted command leaves nothing.
          settings: {
            ...settings,
            ...(memory && { chunkTokens: memory.chunkTokens }),
            checkpointEvery: settings.steps,
          },
          ...(memory && { keptBytes: memory.keptBytes }),
          checkpoints: work,
          ...(teacher !== undefined && {
            teacher: {
              model: teacher,
              modelName: nameOf(teacher),
              encoding: await folderEncoding(teacher, {}),
            },
          }),
        },
        ["loss"],
      );
    }).catch((error: unknown) => {
      if (context.signal.aborted) output.note(interrupted);
      throw error;
    });
    if (output.json) output.printJson({ path: target, ...result });
    else printTraining(context, target, result);
    return exitCode.ok;
  },
});

const interrupted =
  "interrupted: nothing was written, and the next training begins anew (one of the service goes on from its checkpoints)";

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

/** @throws {Problem} `run/does-not-fit` before anything is computed */
async function planWithin(
  directory: string,
  asked: Pick<SpecOf<"train">, "encoding" | "mode" | "settings">,
  budget: number,
) {
  const checkpoint = await openCheckpoint(directory);
  try {
    return fitMemory(
      { kind: "train", model: "", datasetId: "", ...asked },
      architectureOf(checkpoint),
      budget,
    );
  } finally {
    await checkpoint.close();
  }
}

interface DataValues {
  triplets?: string | undefined;
  texts?: string | undefined;
  format?: string | undefined;
  columns?: string | undefined;
  header?: boolean | undefined;
}

function parseData({ triplets, texts, format, columns, header }: DataValues) {
  if ((triplets === undefined) === (texts === undefined))
    throw new UsageError("give --triplets FILE, or --texts FILE for objective=simcse or distill");
  const kind = triplets === undefined ? ("texts" as const) : ("triplets" as const);
  return { kind, path: (triplets ?? texts)!, format: parseDatasetFormat(format), columns, header };
}

/** Of runs too, but for that of checkpoints: an interrupted command leaves none. */
function offlineDefaults(): Record<string, unknown> {
  const { checkpointEvery: _, ...defaults } = resolveTrainingSettings();
  return defaults;
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
