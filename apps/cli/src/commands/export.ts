import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, constants, mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  exportFormats,
  idPrefixes,
  isProblem,
  Problem,
  type Client,
  type Encoding,
  type Export,
  type ExportFormat,
  type LeftOut,
  type Run,
} from "@espalier/contract";
import { defineCommand, UsageError, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes } from "../terminal/format.ts";
import { printFailedRuns } from "../tables/failed-run.ts";
import { printExports } from "../tables/export-table.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { codeOf, watchRun } from "../watch/watch.ts";
import { lookUp } from "../service/lookup.ts";
import { parseFormats } from "../arguments/export-formats.ts";
import { encodingHelp, encodingOptions, parseEncoding } from "../arguments/encoding.ts";
import { checkExists } from "../offline/existing.ts";
import { exportFolder } from "../offline/export.ts";
import { given, parseCount } from "../arguments/settings.ts";

export const exportModel = defineCommand({
  name: "export",
  arguments: "MODEL|DIR",
  summary: "write a model as other tools load it: one of the service, or a folder without a server",
  examples: [
    "espalier export encoder --format all --out encoder/",
    "espalier export ./SmolLM2-cut --format safetensors --dtype BF16 --out SmolLM2-export",
  ],
  help: [
    `--format F      ${exportFormats.join(", ")}; repeat, or all that can be (default safetensors)`,
    "--out OUT       where to put it; one folder for each format where there are several",
    "--dtype D       of safetensors: F32, BF16 or F16",
    "--shard-bytes N most bytes of one file of weights",
    "--name NAME     of the merged model in the service",
    ...encodingHelp,
    "A path such as ./encoder or encoder/ is a folder; a name alone is one where no service is named (--url, ESPALIER_URL, or",
    "the folder of `npm start`). A folder needs --out, which must not exist. A model of the service is encoded as it was trained.",
  ],
  arity: [1, 1],
  options: {
    format: { type: "string", multiple: true },
    out: { type: "string" },
    dtype: { type: "string" },
    "shard-bytes": { type: "string" },
    name: { type: "string" },
    ...encodingOptions,
  },
  async run(context, values, [name = ""]) {
    const { output } = context;
    const encoding = parseEncoding(values);
    if (await meansFolder(context, name, "url" in values)) {
      const folder = context.path(name);
      await checkExists(folder, "folder");
      await exportFolder(context, folder, { ...values, encoding });
      return exitCode.ok;
    }
    const client = context.connect();
    const target = values.out === undefined ? undefined : context.path(values.out);
    const made = target !== undefined && (await makeEmptyFolder(target));
    const run = await submit(client, name, { ...values, encoding }).catch(async (error: unknown) => {
      if (made) await rmdir(target).catch(() => undefined);
      throw error;
    });
    const watched = await watchRun({ ...context, output: { ...output, json: false } }, client, run.id);
    const code = codeOf(watched);
    printFailedRuns(output, watched?.runs ?? []);
    if (code !== exitCode.ok) return code;
    const { result } = await client.runs.get(run.id);
    if (result === undefined || !("exports" in result))
      throw new Problem("internal/error", `The run ${run.id} succeeded without exports.`);
    if (target !== undefined) await download(client, result, target, new ProgressBars(output));
    if (output.json) output.printJson(result);
    else printExports(result, output.print);
    for (const remark of result.remarks ?? []) output.warn(remark);
    return code;
  },
});

/**
 * Whether a folder of this machine is meant, and no model of the service.
 * @throws {UsageError} when it may be either; {Problem} `resource/not-found` when it can be neither
 */
async function meansFolder(context: Context, given: string, namesService: boolean): Promise<boolean> {
  if (/^(\/|\.{1,2}(\/|$))|\/$/.test(given)) return true;
  if (namesService || given.startsWith(`${idPrefixes.model}_`)) return false;
  const isFolder = await stat(join(context.path(given), "config.json")).then(
    () => true,
    () => false,
  );
  const hasService = knowsService(context);
  if (isFolder && hasService)
    throw new UsageError(
      `\`${given}\` is a folder here, and may be a model of the service; write ./${given} for the folder, or the model's id`,
    );
  if (!isFolder && !hasService)
    throw new Problem(
      "resource/not-found",
      `${context.path(given)} is no folder with a config.json, and no service is named that may have a model \`${given}\`.`,
    );
  return isFolder;
}

function knowsService({ connect }: Context): boolean {
  try {
    connect();
    return true;
  } catch (error) {
    return !(isProblem(error) && error.code === "service/unavailable");
  }
}

interface SubmittedValues {
  format?: string[] | undefined;
  dtype?: string | undefined;
  "shard-bytes"?: string | undefined;
  name?: string | undefined;
  encoding: Encoding;
}

async function submit(client: Client, model: string, values: SubmittedValues): Promise<Run> {
  const { formats, leaveOut } = parseFormats(values.format);
  return client.runs.submit({
    spec: {
      kind: "export",
      model: await lookUp("model", model, client.models.list),
      // The service checks the formats, and names the one that is wrong.
      ...given({
        formats: formats as ExportFormat[] | undefined,
        leaveOut: leaveOut || undefined,
        dtype: values.dtype as "F32" | undefined,
        shardBytes: parseCount("shard-bytes", values["shard-bytes"]),
        name: values.name,
        encoding: values.encoding,
      }),
    },
  });
}

/**
 * Before anything is computed: a folder that cannot be made would cost the whole export.
 * @returns whether it was not there before
 */
async function makeEmptyFolder(folder: string): Promise<boolean> {
  const made = await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  const names = await readdir(folder);
  if (names.length > 0) throw new UsageError(`${folder} is not empty; give --out a new folder`);
  return made !== undefined;
}

/** Downloads every file once, each format into its own folder where several were asked for, and checks it; a file that several formats share is downloaded for each. */
async function download(
  client: Client,
  { exports, leftOut = [] }: { exports: readonly Export[]; leftOut?: readonly LeftOut[] },
  target: string,
  bars: ProgressBars,
): Promise<void> {
  const apart = exports.length + leftOut.length > 1;
  const files = exports.flatMap(({ format, files: own }) =>
    own.map((file) => ({ ...file, path: join(target, ...(apart ? [format] : []), file.name) })),
  );
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let received = 0;
  for (const { artifactId, name, path } of files) {
    await mkdir(dirname(path), { recursive: true });
    const { sha256 } = await client.artifacts.get(artifactId);
    const { body } = await client.artifacts.content(artifactId);
    const temporary = `${path}.${randomBytes(4).toString("hex")}.part`;
    const hash = createHash("sha256");
    try {
      await pipeline(
        Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]),
        async function* (chunks: AsyncIterable<Uint8Array>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            received += chunk.byteLength;
            const text = `${formatBytes(received)} of ${formatBytes(total)}`;
            bars.show([{ label: "download", fraction: received / Math.max(1, total), text }]);
            yield chunk;
          }
        },
        createWriteStream(temporary),
      );
      if (hash.digest("hex") !== sha256)
        throw new Problem("artifact/corrupt", `${name} did not arrive whole; try again.`, { file: name });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
  bars.end();
}
