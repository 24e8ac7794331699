import { parseHubReference, type Client, type HubSource, type Model, type Run } from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { printFailure } from "../terminal/failure.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { codeOf, watchRun } from "../watch/watch.ts";
import { modelFiles, nameOf } from "../service/model-folder.ts";
import { printFailedRuns } from "../tables/failed-run.ts";
import { printModels } from "../tables/model-table.ts";
import { sayNext } from "../terminal/next.ts";
import { parseCount } from "../arguments/settings.ts";
import { uploadModel } from "../service/upload-model.ts";

export const modelImport = defineCommand({
  name: "model import",
  arguments: "DIR|hf:ORG/NAME[@REVISION]",
  summary: "register a model: a Hugging Face folder, or a repository of the hub",
  examples: [
    "espalier model import hf:HuggingFaceTB/SmolLM2-135M --name smollm --detach",
    "espalier model import hf:org/name@v1.0 --keep 12 --private",
    "espalier model import ~/models/MyModel --detach",
  ],
  help: [
    "--name NAME  default: the name of the folder or the repository",
    "--replace    the name means this one from now on, where another model has it",
    "--detach     do not wait until it is downloaded and checked",
    "Of a repository of the hub, which the service downloads itself; the revision is a branch, tag or commit:",
    "--keep N     keep the first N layers, and download no more than them",
    "--private    send the token in HF_TOKEN along, for this import alone: the repository is private or gated",
  ],
  arity: [1, 1],
  options: {
    name: { type: "string" },
    replace: { type: "boolean" },
    detach: { type: "boolean" },
    keep: { type: "string" },
    private: { type: "boolean" },
  },
  async run(context, values, [given = ""]) {
    const { output } = context;
    const source = hubSource(given, values);
    const client = context.connect();
    const { model, run } =
      source === undefined
        ? await importFolder(context, client, given, values)
        : await importFromHub(context, client, source, values);
    if (values.detach) {
      if (output.json) output.printJson({ model, run });
      else output.print(model.id);
      return exitCode.ok;
    }
    const watched = await watchRun({ ...context, output: { ...output, json: false } }, client, run.id);
    const code = codeOf(watched);
    const problem = watched?.runs[0]?.problem;
    if (problem?.code === "hub/access-denied" && !values.private)
      printFailure(output, { code: problem.code, message: problem.detail, hint: tokenHint });
    else if (watched) printFailedRuns(output, watched.runs);
    if (code !== exitCode.ok) return code;
    const ready = await client.models.get(model.id);
    if (output.json) output.printJson(ready);
    else printModels([ready], output);
    sayNext(output, `experiment submit --model ${ready.name} --triplets DATASET --sts DATASET`);
    return code;
  },
});

const tokenHint = "a token of the hub goes into HF_TOKEN, and --private sends it along";

interface Named {
  name?: string | undefined;
  replace?: boolean | undefined;
}

interface HubOptions extends Named {
  keep?: string | undefined;
  private?: boolean | undefined;
}

/** Which model of the hub is meant; undefined for a folder. */
function hubSource(given: string, { keep, private: withToken }: HubOptions): HubSource | undefined {
  if (given.startsWith("hf:")) {
    const source = parseHubReference(given);
    if (source === undefined)
      throw new UsageError(`\`${given}\` names no repository; give hf:ORG/NAME or hf:ORG/NAME@REVISION`);
    const count = parseCount("keep", keep);
    return { ...source, ...(count === undefined ? {} : { layers: count }) };
  }
  if (keep !== undefined)
    throw new UsageError(
      "--keep is for hf:ORG/NAME; import the folder, and prune it with `run submit prune`",
    );
  if (withToken) throw new UsageError("--private is for hf:ORG/NAME; a folder needs no token");
  return undefined;
}

async function importFolder(
  { output, path, signal }: Context,
  client: Client,
  given: string,
  { name = nameOf(path(given)), replace = false }: Named,
): Promise<{ model: Model; run: Run }> {
  const folder = path(given);
  const files = await modelFiles(folder);
  const bars = output.json ? undefined : new ProgressBars(output);
  const note = (line: string): void => (bars ? bars.note(line) : output.note(line));
  return uploadModel(client, { name, replace }, files, { bars, note, signal });
}

/** The repository's name, with the depth where it is cut. */
const repositoryName = ({ hub, layers }: HubSource): string =>
  `${hub}${layers === undefined ? "" : `-${layers}-layers`}`
    .slice(-128)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");

function importFromHub(
  { environment }: Context,
  client: Client,
  source: HubSource,
  { name, replace = false, private: withToken }: HubOptions,
): Promise<{ model: Model; run: Run }> {
  const hubToken = withToken ? environment["HF_TOKEN"] : undefined;
  if (withToken && !hubToken) throw new UsageError("--private sends the token in HF_TOKEN, which is not set");
  return client.models.create(
    { name: name ?? repositoryName(source), source, replace },
    hubToken === undefined ? {} : { hubToken },
  );
}
