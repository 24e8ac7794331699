import type { Client, Experiment, ExperimentSpec } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { printReport } from "../tables/experiment-report.ts";
import { codeOf, watchExperiment } from "../watch/watch.ts";
import { lookUp } from "../service/lookup.ts";
import { needsHelp, needsOptions, parseNeeds } from "../arguments/needs.ts";
import { pageOf } from "../service/page.ts";
import { readJson } from "../arguments/json-file.ts";
import { changeHelp, changeOptions, parseChange } from "../arguments/change.ts";
import { parseVariants } from "../arguments/variants.ts";
import { encodingHelp, encodingOptions, parseEncoding, type EncodingValues } from "../arguments/encoding.ts";
import { given, parseCount, parsePatch, parseSettings } from "../arguments/settings.ts";

export const experimentSubmit = defineCommand({
  name: "experiment submit",
  summary: "compare depths of a model: search, prune, train, evaluate",
  help: [
    "--name NAME --model MODEL --triplets DATASET --sts DATASET   ids or names; repeat --sts",
    "--variants LIST      default none,large,small; also 50% or a number of layers",
    "--search NAME=VALUE  a setting of the search, such as batches=20; repeat",
    "--train NAME=VALUE   a setting of the training, such as steps=60; repeat",
    ...encodingHelp,
    "--priority N         order among your own runs, higher first",
    ...needsHelp,
    "--spec FILE          the whole spec as JSON instead (- for stdin)",
    "--watch              progress until it ends, then the report",
  ],
  arity: [0, 0],
  options: {
    name: { type: "string" },
    model: { type: "string" },
    triplets: { type: "string" },
    sts: { type: "string", multiple: true },
    variants: { type: "string" },
    search: { type: "string", multiple: true },
    train: { type: "string", multiple: true },
    ...encodingOptions,
    priority: { type: "string" },
    ...needsOptions,
    spec: { type: "string" },
    watch: { type: "boolean" },
  },
  async run(context, values) {
    const client = context.connect();
    // The service checks it against the schema and names the field that is wrong.
    const spec = (
      values.spec
        ? await readJson(context, values.spec)
        : await specOf(client, { ...values, needs: parseNeeds(values) })
    ) as ExperimentSpec;
    const experiment = await client.experiments.submit(spec);
    if (values.watch) return finish(context, client, experiment.id);
    if (context.output.json) context.output.printJson(experiment);
    else context.output.print(experiment.id);
    return exitCode.ok;
  },
});

interface SpecValues extends EncodingValues {
  name?: string | undefined;
  model?: string | undefined;
  triplets?: string | undefined;
  sts?: string[] | undefined;
  variants?: string | undefined;
  search?: string[] | undefined;
  train?: string[] | undefined;
  priority?: string | undefined;
  needs: ReturnType<typeof parseNeeds>;
}

async function specOf(client: Client, values: SpecValues): Promise<object> {
  const { model, triplets, sts } = values;
  if (!model || !triplets || !sts)
    throw new UsageError("--model, --triplets and --sts are needed, or --spec FILE");
  return {
    name: values.name ?? `experiment-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "")}`,
    modelId: await lookUp("model", model, client.models.list),
    triplets: await lookUp("dataset", triplets, client.datasets.list),
    evaluation: await Promise.all(sts.map((name) => lookUp("dataset", name, client.datasets.list))),
    ...given({
      variants: values.variants === undefined ? undefined : parseVariants(values.variants),
      search: parseSettings(values.search),
      training: parseSettings(values.train),
      encoding: parseEncoding(values),
      priority: parseCount("priority", values.priority),
    }),
    ...values.needs,
  };
}

export const experimentShow = defineCommand({
  name: "experiment show",
  arguments: "EXPERIMENT",
  summary: "the report: layer-loss curve and table of the variants",
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
  arity: [0, 0],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }) {
    const page = await connect().experiments.list(pageOf(limit, cursor));
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
  if (watched) print(context, await client.experiments.get(id));
  return codeOf(watched);
}

function print({ output }: Context, experiment: Experiment): void {
  if (output.json) return output.printJson(experiment);
  output.print(`${experiment.id}  ${experiment.name}  ${experiment.state}`);
  printReport(output, experiment);
}
