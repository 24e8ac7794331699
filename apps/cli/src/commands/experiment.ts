import { mergePatch, type Client, type Experiment, type ExperimentSpec } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { printReport } from "../tables/experiment-report.ts";
import { printFailedRuns } from "../tables/failed-run.ts";
import { codeOf, watchExperiment } from "../watch/watch.ts";
import { readExperiment } from "../service/experiment-file.ts";
import { lookUp } from "../service/lookup.ts";
import { planFirst, planHelp, planOptions } from "../service/plan.ts";
import { needsHelp, needsOptions, parseNeeds } from "../arguments/needs.ts";
import { madeBy, madeByHelp, madeByOptions } from "../service/page.ts";
import { sayNext } from "../terminal/next.ts";
import { changeHelp, changeOptions, parseChange } from "../arguments/change.ts";
import { parseVariants } from "../arguments/variants.ts";
import { encodingHelp, encodingOptions, parseEncoding, type EncodingValues } from "../arguments/encoding.ts";
import { given, parseCount, parsePatch } from "../arguments/settings.ts";

export const experimentSubmit = defineCommand({
  name: "experiment submit",
  summary: "compare depths of a model: search, prune, train, evaluate",
  examples: [
    "espalier experiment submit --name second --model smollm2 --triplets nli --sts stsb --set training.steps=60",
  ],
  help: [
    "--name NAME --model MODEL --triplets DATASET --sts DATASET   ids or names; repeat --sts",
    "--variants LIST      default none,large,small; also 50% or a number of layers",
    "--set FIELD=VALUE    a field of the spec, such as training.steps=60 or search.batches=20; repeat;",
    "                     `espalier run submit --help` lists the settings of both with their defaults",
    ...encodingHelp,
    "--priority N         order among your own runs, higher first",
    ...needsHelp,
    "--spec FILE          the whole spec as JSON or YAML instead (- for stdin), with names or ids",
    "--watch              progress until it ends, then the report",
    ...planHelp,
  ],
  arity: [0, 0],
  options: {
    name: { type: "string" },
    model: { type: "string" },
    triplets: { type: "string" },
    sts: { type: "string", multiple: true },
    variants: { type: "string" },
    set: { type: "string", multiple: true },
    ...encodingOptions,
    priority: { type: "string" },
    ...needsOptions,
    spec: { type: "string" },
    watch: { type: "boolean" },
    ...planOptions,
  },
  async run(context, values) {
    const client = context.connect();
    // The service checks it against the schema and names the field that is wrong.
    const spec = (
      values.spec
        ? await readExperiment(context, client, values.spec)
        : await specOf(client, { ...values, needs: parseNeeds(values) })
    ) as ExperimentSpec;
    const ended = await planFirst(context, client, { experiment: spec }, values);
    if (ended !== undefined) return ended;
    const experiment = await client.experiments.submit(spec);
    if (values.watch) return finish(context, client, experiment.id);
    if (context.output.json) context.output.printJson(experiment);
    else context.output.print(experiment.id);
    sayNext(context.output, `experiment show ${experiment.name} --watch`, "queue");
    return exitCode.ok;
  },
});

interface SpecValues extends EncodingValues {
  name?: string | undefined;
  model?: string | undefined;
  triplets?: string | undefined;
  sts?: string[] | undefined;
  variants?: string | undefined;
  set?: string[] | undefined;
  priority?: string | undefined;
  needs: ReturnType<typeof parseNeeds>;
}

async function specOf(client: Client, values: SpecValues): Promise<object> {
  const { model, triplets, sts } = values;
  if (!model || !triplets || !sts)
    throw new UsageError("--model, --triplets and --sts are needed, or --spec FILE");
  const spec = {
    name: values.name ?? `experiment-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "")}`,
    modelId: await lookUp("model", model, client.models.list),
    triplets: await lookUp("dataset", triplets, client.datasets.list),
    evaluation: await Promise.all(sts.map((name) => lookUp("dataset", name, client.datasets.list))),
    ...given({
      variants: values.variants === undefined ? undefined : parseVariants(values.variants),
      encoding: parseEncoding(values),
      priority: parseCount("priority", values.priority),
    }),
    ...values.needs,
  };
  return mergePatch(spec, parsePatch(values.set)) as object;
}

export const experimentShow = defineCommand({
  name: "experiment show",
  arguments: "EXPERIMENT",
  summary: "the report: layer-loss curve and table of the variants",
  examples: ["espalier experiment show first"],
  help: ["--watch  progress until it ends, then the report"],
  arity: [1, 1],
  options: { watch: { type: "boolean" } },
  async run(context, { watch }, [given = ""]) {
    const client = context.connect();
    const id = await lookUp("experiment", given, client.experiments.list);
    if (watch) return finish(context, client, id);
    print(context, await client.experiments.get(id));
    return exitCode.ok;
  },
});

export const experimentList = defineCommand({
  name: "experiment list",
  summary: "experiments, newest first",
  examples: ["espalier experiment list"],
  help: madeByHelp,
  arity: [0, 0],
  options: madeByOptions,
  async run({ output, connect }, values) {
    const page = await connect().experiments.list(madeBy(values));
    if (output.json) output.printJson(page);
    else for (const { id, name, state } of page.items) output.print(`${id}  ${state.padEnd(9)}  ${name}`);
    if (page.cursor && !output.json) output.note(`more: --cursor ${page.cursor}`);
    return exitCode.ok;
  },
});

const act = (verb: "cancel" | "hold" | "release" | "retry", summary: string) =>
  defineCommand({
    name: `experiment ${verb}`,
    arguments: "EXPERIMENT",
    summary,
    examples: [`espalier experiment ${verb} first`],
    arity: [1, 1],
    options: {},
    async run({ output, connect }, _values, [given = ""]) {
      const client = connect();
      const experiment = await client.experiments[verb](
        await lookUp("experiment", given, client.experiments.list),
      );
      if (output.json) output.printJson(experiment);
      else output.print(`${experiment.id}  ${experiment.state}`);
      return exitCode.ok;
    },
  });

export const experimentCancel = act("cancel", "end every run of an experiment");
export const experimentHold = act("hold", "keep the runs that have not started from starting");
export const experimentRelease = act("release", "let the held runs of an experiment start");
export const experimentRetry = act(
  "retry",
  "queue again what failed, was cancelled or skipped; keep what succeeded",
);

export const experimentSet = defineCommand({
  name: "experiment set",
  arguments: "EXPERIMENT",
  summary: "change class, priority or time limit of its runs, where their states allow it",
  examples: ["espalier experiment set first --class idle"],
  help: changeHelp,
  arity: [1, 1],
  options: changeOptions,
  async run({ output, connect }, values, [given = ""]) {
    const client = connect();
    const change = parseChange(values);
    const id = await lookUp("experiment", given, client.experiments.list);
    const experiment = await client.experiments.change(id, change);
    if (output.json) output.printJson(experiment);
    else output.print(`${experiment.id}  ${experiment.state}`);
    return exitCode.ok;
  },
});

export const experimentClone = defineCommand({
  name: "experiment clone",
  arguments: "EXPERIMENT",
  summary: "submit an experiment once more, with changes",
  examples: ["espalier experiment clone first --name longer --set training.steps=200"],
  help: [
    "--set FIELD=VALUE  of the spec, such as training.steps=100; null takes it out; repeat",
    "--name NAME        default: the same",
    "--watch            progress until it ends, then the report",
  ],
  arity: [1, 1],
  options: {
    set: { type: "string", multiple: true },
    name: { type: "string" },
    watch: { type: "boolean" },
  },
  async run(context, { set, name, watch }, [given_ = ""]) {
    const client = context.connect();
    const id = await lookUp("experiment", given_, client.experiments.list);
    const experiment = await client.experiments.clone(id, { ...parsePatch(set), ...given({ name }) });
    if (watch) return finish(context, client, experiment.id);
    if (context.output.json) context.output.printJson(experiment);
    else context.output.print(experiment.id);
    return exitCode.ok;
  },
});

async function finish(context: Context, client: Client, id: string): Promise<ExitCode> {
  const watched = await watchExperiment(context, client, id);
  if (watched) {
    print(context, await client.experiments.get(id));
    if (!context.output.json) printFailedRuns(context.output, watched.runs);
    sayNext(context.output, ...(watched.code === exitCode.ok ? ["model list"] : [`experiment retry ${id}`]));
  }
  return codeOf(watched);
}

function print({ output }: Context, experiment: Experiment): void {
  if (output.json) return output.printJson(experiment);
  output.print(`${experiment.id}  ${experiment.name}  ${experiment.state}`);
  printReport(output, experiment);
}
