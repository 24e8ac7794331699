import { idPrefixes, Problem, type Client, type Deletion, type MakerDeletionQuery } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { lookUp } from "../service/lookup.ts";
import { askYesNo } from "../terminal/ask.ts";
import { formatBytes } from "../terminal/format.ts";

type Remove = (id: string, query: MakerDeletionQuery) => Promise<Deletion>;

interface Noun {
  noun: "run" | "experiment" | "model" | "dataset" | "artifact";
  summary: string;
  /** One of its kind, in an example. */
  example: string;
  find: (client: Client, given: string) => Promise<string>;
  remove: (client: Client) => Remove;
  /** Whether it may have made models that can go with it. */
  makes: boolean;
}

const byId =
  (noun: "run" | "artifact") =>
  async (_client: Client, given: string): Promise<string> => {
    if (!given.startsWith(`${idPrefixes[noun]}_`))
      throw new Problem(
        "resource/not-found",
        `\`${given}\` is not the id of ${noun === "run" ? "a run" : "an artifact"}.`,
      );
    return given;
  };

const removal = ({ noun, summary, example, find, remove, makes }: Noun) =>
  defineCommand({
    name: `${noun} rm`,
    arguments: noun.toUpperCase(),
    summary,
    examples: [`espalier ${noun} rm ${example} --dry-run`],
    help: [
      "--dry-run  say what would be deleted, and delete nothing",
      ...(makes ? ["--models   also the models that it made"] : []),
      "--yes      do not ask; needed where nobody can be asked",
    ],
    arity: [1, 1],
    options: {
      "dry-run": { type: "boolean" },
      yes: { type: "boolean", short: "y" },
      ...(makes ? { models: { type: "boolean" } as const } : {}),
    },
    async run(context, values, [given = ""]) {
      const { output, connect } = context;
      const {
        "dry-run": dryRun = false,
        yes = false,
        models,
      } = values as Record<string, boolean | undefined>;
      const client = connect();
      const id = await find(client, given);
      const query = models ? { models } : {};
      if (
        !dryRun &&
        !yes &&
        !(await confirmed(context, await remove(client)(id, { ...query, dryRun: true })))
      )
        return exitCode.usage;
      const deletion = await remove(client)(id, { ...query, ...(dryRun ? { dryRun } : {}) });
      if (output.json) output.printJson(deletion);
      else output.print(`${id}  ${dryRun ? "would be deleted" : "deleted"}: ${describe(deletion)}`);
      return exitCode.ok;
    },
  });

/** Asks on the terminal. Where there is none, nobody has confirmed anything, and the command says what to give. */
async function confirmed({ output, stdin, signal }: Context, deletion: Deletion): Promise<boolean> {
  if (!stdin.isTTY || output.json)
    throw new UsageError("nobody can be asked here: give --yes to delete, or --dry-run to look");
  const question = `Delete ${deletion.id} for ever (${describe(deletion)})?`;
  return askYesNo(question, { stdin, output, signal });
}

function describe({ runs, models, artifacts, bytes }: Deletion): string {
  const counted = Object.entries({ run: runs, model: models, artifact: artifacts })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}${count === 1 ? "" : "s"}`);
  return [...counted, formatBytes(bytes)].join(", ");
}

export const runRemove = removal({
  noun: "run",
  summary: "delete a run that has ended, with its logs, metrics and files",
  example: "RUN",
  find: byId("run"),
  remove: (client) => client.runs.remove,
  makes: true,
});

export const experimentRemove = removal({
  noun: "experiment",
  summary: "delete an experiment and its runs, which have all ended",
  example: "first",
  find: (client, given) => lookUp("experiment", given, client.experiments.list),
  remove: (client) => client.experiments.remove,
  makes: true,
});

export const modelRemove = removal({
  noun: "model",
  summary: "delete a model that nothing uses, with its files",
  example: "pruned",
  find: (client, given) => lookUp("model", given, client.models.list),
  remove: (client) => client.models.remove,
  makes: false,
});

export const datasetRemove = removal({
  noun: "dataset",
  summary: "delete a dataset that nothing uses",
  example: "nli",
  find: (client, given) => lookUp("dataset", given, client.datasets.list),
  remove: (client) => client.datasets.remove,
  makes: false,
});

export const artifactRemove = removal({
  noun: "artifact",
  summary: "delete a file of a run that no model, dataset or export consists of",
  example: "ARTIFACT",
  find: byId("artifact"),
  remove: (client) => client.artifacts.remove,
  makes: false,
});
