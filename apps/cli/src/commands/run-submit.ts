import {
  resolveSearchSettings,
  resolveTrainingSettings,
  runSpecs,
  type Client,
  type LayersRef,
  type ModelRef,
  type RunCreate,
} from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { layersOptions, parseLayers } from "../arguments/layers.ts";
import { parseDepths } from "../arguments/depths.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { engineOptions } from "../arguments/engine.ts";
import { lookUp } from "../service/lookup.ts";
import { planFirst, planHelp, planOptions } from "../service/plan.ts";
import { needsHelp, needsOptions, parseNeeds } from "../arguments/needs.ts";
import { readDocument } from "../arguments/document-file.ts";
import { finish } from "./run.ts";
import { sayNext } from "../terminal/next.ts";
import { given, parseCount, parseSettings, settingsWithDefaults } from "../arguments/settings.ts";

export const runSubmit = defineCommand({
  name: "run submit",
  arguments: "[KIND]",
  summary: "submit one run: prune, search, train, evaluate or export",
  examples: [
    "espalier run submit prune --model smollm2 --drop 50% --name pruned",
    "espalier run submit train --model smollm2 --dataset nli --set steps=60 --dry-run",
    "espalier run submit train --model smollm2 --dataset nli --set steps=60",
    "espalier run submit evaluate --model smollm2 --dataset stsb --memory 6GB --shares",
    "espalier run submit train --model smollm2 --dataset nli --set seed={index} --array 0-9%3",
  ],
  get help() {
    return [
      "--model MODEL        id or name; run:RUN for the model that a run will produce",
      "--dataset DATASET    id or name; repeat for evaluate; of prune: the texts whose tokens are kept",
      "--keep N             of prune: how many layers; 0-9,20 keeps these; small@RUN or large@RUN what a search picks",
      "--drop 50%           of prune, instead: drop this share of them from the top",
      "--set NAME=VALUE     a setting of search or train, such as steps=60; repeat. Defaults of a training:",
      ...settingsWithDefaults(resolveTrainingSettings()),
      "                     of a search:",
      ...settingsWithDefaults(resolveSearchSettings()),
      ...encodingHelp,
      "--engine NAME --precision NAME   of search, train and evaluate: what computes and how precisely; default: the fastest in fp32",
      "--teacher MODEL      of train with objective=distill: whose vectors are learned; as --model",
      "--name NAME          of the run, and of the model that it makes",
      "--priority N         order among your own runs, higher first",
      ...needsHelp,
      "--spec FILE          the whole spec as JSON instead (- for stdin)",
      "--array 0-9%3        a run for each index, which stands for {index} in the spec; %3: 3 at a time, 0-9:2: every second",
      "--watch              progress until it ends",
      ...planHelp,
    ];
  },
  arity: [0, 1],
  options: {
    model: { type: "string" },
    dataset: { type: "string", multiple: true },
    ...layersOptions,
    depths: { type: "string" },
    set: { type: "string", multiple: true },
    ...encodingOptions,
    ...engineOptions,
    teacher: { type: "string" },
    name: { type: "string" },
    priority: { type: "string" },
    ...needsOptions,
    spec: { type: "string" },
    array: { type: "string" },
    watch: { type: "boolean" },
    ...planOptions,
  },
  async run(context, values, [kind]) {
    const client = context.connect();
    const spec = values.spec
      ? await readDocument(context, values.spec)
      : await specOf(client, kind, {
          ...values,
          encoding: parseEncoding(values),
        });
    // The service checks it against the schema and names the field that is wrong.
    const create = {
      spec,
      ...given({ priority: parseCount("priority", values.priority) }),
      ...parseNeeds(values),
    } as RunCreate;
    if (values.array !== undefined) {
      if (values["dry-run"]) throw new UsageError("--dry-run plans one run; try it without --array");
      if (values.watch) throw new UsageError("--watch follows one run; `array show` shows those of an array");
      const array = await client.arrays.submit({ ...create, array: values.array });
      if (context.output.json) context.output.printJson(array);
      else context.output.print(array.id);
      return exitCode.ok;
    }
    if (values.name !== undefined) create.name = values.name;
    const ended = await planFirst(context, client, { run: create }, values);
    if (ended !== undefined) return ended;
    const run = await client.runs.submit(create);
    if (values.watch) return finish(context, run.id);
    if (context.output.json) context.output.printJson(run);
    else context.output.print(run.id);
    sayNext(context.output, `run watch ${run.id}`, "queue");
    return exitCode.ok;
  },
});

interface SpecValues {
  model?: string | undefined;
  dataset?: string[] | undefined;
  keep?: string | undefined;
  drop?: string | undefined;
  depths?: string | undefined;
  set?: string[] | undefined;
  name?: string | undefined;
  teacher?: string | undefined;
  engine?: string | undefined;
  precision?: string | undefined;
  encoding: object;
}

async function specOf(client: Client, kind: string | undefined, values: SpecValues): Promise<object> {
  if (kind === undefined || kind === "import" || !Object.hasOwn(runSpecs, kind))
    throw new UsageError(
      "give a kind (prune, search, train, evaluate, export) or --spec FILE; models come by `model import`",
    );
  if (!values.model) throw new UsageError("--model is missing");
  const datasets = await Promise.all(
    (values.dataset ?? []).map((name) => lookUp("dataset", name, client.datasets.list)),
  );
  return {
    kind,
    model: await modelRef(client, values.model),
    ...(kind === "evaluate"
      ? { datasetIds: datasets }
      : given({ [kind === "prune" ? "vocabularyOf" : "datasetId"]: datasets[0] })),
    ...given({
      layers: layersRef(values),
      depths: parseDepths(values.depths),
      settings: parseSettings(values.set),
      encoding: values.encoding,
      teacher: values.teacher === undefined ? undefined : await modelRef(client, values.teacher),
      engine: values.engine,
      precision: values.precision,
      name: kind === "prune" || kind === "train" ? values.name : undefined,
    }),
  };
}

async function modelRef(client: Client, text: string): Promise<ModelRef> {
  return text.startsWith("run:") ? { run: text.slice(4) } : lookUp("model", text, client.models.list);
}

function layersRef({ keep, drop }: Pick<SpecValues, "keep" | "drop">): LayersRef | undefined {
  const [, pick, run] = /^(small|large)@(.+)$/.exec(keep ?? "") ?? [];
  if (run !== undefined && drop === undefined) return { run, pick: pick as "small" | "large" };
  return parseLayers({ keep, drop });
}
