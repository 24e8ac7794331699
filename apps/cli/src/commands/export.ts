import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, constants, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportFormats, Problem, type Client, type Export, type ExportFormat } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes } from "../terminal/format.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { formatTable } from "../terminal/table.ts";
import { codeOf, watchRun } from "../watch/watch.ts";
import { lookUp } from "../service/lookup.ts";
import { given, parseCount } from "../arguments/settings.ts";

export const exportModel = defineCommand({
  name: "export",
  arguments: "MODEL",
  summary: "write a model as other tools load it, and download it",
  help: [
    `--format F      ${exportFormats.join(", ")}; repeat, or all (default safetensors)`,
    "--out DIR       where to put it; one folder for each format where there are several",
    "--dtype D       of safetensors: F32, BF16 or F16",
    "--shard-bytes N most bytes of one file of weights",
    "--name NAME     of the merged model in the service",
  ],
  arity: [1, 1],
  options: {
    format: { type: "string", multiple: true },
    out: { type: "string" },
    dtype: { type: "string" },
    "shard-bytes": { type: "string" },
    name: { type: "string" },
  },
  async run(context, values, [name = ""]) {
    const { output } = context;
    const client = context.connect();
    const formats = values.format?.includes("all") ? [...exportFormats] : values.format;
    const target = values.out === undefined ? undefined : context.path(values.out);
    if (target !== undefined) await makeEmptyFolder(target);
    const run = await client.runs.submit({
      spec: {
        kind: "export",
        model: await lookUp("model", name, client.models.list),
        // The service checks the formats, and names the one that is wrong.
        ...given({
          formats: formats as ExportFormat[] | undefined,
          dtype: values.dtype as "F32" | undefined,
          shardBytes: parseCount("shard-bytes", values["shard-bytes"]),
          name: values.name,
        }),
      },
    });
    const watched = await watchRun({ ...context, output: { ...output, json: false } }, client, run.id);
    const code = codeOf(watched);
    if (code !== exitCode.ok) return code;
    const { result } = await client.runs.get(run.id);
    if (result === undefined || !("exports" in result))
      throw new Problem("internal/error", `The run ${run.id} succeeded without exports.`);
    if (target !== undefined) await download(client, result.exports, target, new ProgressBars(output));
    if (output.json) output.printJson(result);
    else printExports(result.exports, result.notes, output.print);
    return code;
  },
});

/** Before anything is computed: a folder that cannot be made would cost the whole export. */
async function makeEmptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  const names = await readdir(folder);
  if (names.length > 0) throw new UsageError(`${folder} is not empty; give --out a new folder`);
}

/** Downloads every file once and checks it; a file that several formats share is downloaded for each. */
async function download(
  client: Client,
  exports: readonly Export[],
  target: string,
  bars: ProgressBars,
): Promise<void> {
  const files = exports.flatMap(({ format, files: own }) =>
    own.map((file) => ({ ...file, path: join(target, ...(exports.length > 1 ? [format] : []), file.name) })),
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

function printExports(
  exports: readonly Export[],
  notes: readonly string[],
  print: (line: string) => void,
): void {
  const cosine = (value: number | undefined) => value?.toFixed(6) ?? "";
  const lines = formatTable(exports, [
    { title: "FORMAT", value: ({ format }) => format },
    { title: "FILES", value: ({ files }) => String(files.length), align: "right" },
    {
      title: "SIZE",
      value: ({ files }) => formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0)),
      align: "right",
    },
    { title: "WORST COSINE", value: ({ parity }) => cosine(parity.least), align: "right" },
    { title: "IN 8 BITS", value: ({ int8 }) => cosine(int8?.least), align: "right" },
  ]);
  for (const line of [...lines, ...notes]) print(line);
}
