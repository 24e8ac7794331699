import { constants, copyFile, mkdir, readFile, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { resolveExportSettings, resolveSpec, type Encoding, type SpecOf } from "@espalier/contract";
import type { ExportedFolder } from "@espalier/contract/compute";
import { folderEncoding } from "@espalier/model";
import { parseFormats } from "../arguments/export-formats.ts";
import { given, parseCount } from "../arguments/settings.ts";
import { UsageError, type Context } from "../command.ts";
import { nameOf } from "../service/model-folder.ts";
import { printExports, type ExportRow } from "../tables/export-table.ts";
import { computeWithBars } from "./compute-with-bars.ts";
import { makeFolder } from "./new-folder.ts";

interface ExportValues {
  format?: string[] | undefined;
  out?: string | undefined;
  dtype?: string | undefined;
  "shard-bytes"?: string | undefined;
  name?: string | undefined;
}

/** Writes a model folder as other tools load it: what an export run does, with its defaults. */
export async function exportFolder(
  context: Context,
  model: string,
  values: ExportValues & { encoding: Encoding },
): Promise<void> {
  const { output, path } = context;
  if (values.out === undefined)
    throw new UsageError("--out OUT is missing: where the folder's export is to be");
  if (values.name !== undefined) throw new UsageError("--name is for models of the service, not for folders");
  const asked = parseFormats(values.format);
  const { formats, dtype, shardBytes } = resolveExportSettings({
    formats: asked.formats,
    dtype: values.dtype,
    shardBytes: parseCount("shard-bytes", values["shard-bytes"]),
  });
  const spec = resolveSpec({
    kind: "export",
    model: "",
    formats,
    shardBytes,
    encoding: values.encoding,
  } satisfies SpecOf<"export">);
  const target = path(values.out);
  const { exports, ...rest } = await makeFolder(target, async (draft) => {
    const written = `${draft}.work`;
    const { exports, leftOut, notes, remarks } = await computeWithBars(context, "export", {
      model,
      output: written,
      ...(await adapterOf(model)),
      formats,
      leaveOut: asked.leaveOut,
      modelName: nameOf(model),
      encoding: await folderEncoding(model, spec.encoding),
      shardBytes,
      ...given({ dtype }),
    });
    const placed = await place(exports, written, draft, formats.length > 1);
    return { exports: placed, ...given({ leftOut, remarks }), notes };
  });
  if (output.json) output.printJson({ path: target, exports, ...rest });
  else {
    printExports({ exports, ...rest }, output.print);
    output.note(`written to ${target}`);
  }
}

/** Whether the folder holds an adapter, and what that is to be put on. */
async function adapterOf(model: string) {
  const config = join(model, "config.json");
  const text = await readFile(join(model, "adapter_config.json"), "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
  const { base_model_name_or_path: named } =
    text === undefined ? {} : (JSON.parse(text) as { base_model_name_or_path?: unknown });
  const name = typeof named === "string" && named !== "" ? named : basename(model);
  return { adapter: text !== undefined, base: { name, config } };
}

/** Gives each format its files: in a folder of its own where they are to be `apart`. */
async function place(
  exports: readonly ExportedFolder[],
  written: string,
  target: string,
  apart: boolean,
): Promise<ExportRow[]> {
  const left = new Map<string, number>();
  for (const { path } of exports.flatMap(({ files }) => files)) left.set(path, (left.get(path) ?? 0) + 1);
  const rows: ExportRow[] = [];
  for (const { format, files, ...parities } of exports) {
    const folder = apart ? join(target, format) : target;
    const placed = [];
    for (const { name, path } of files) {
      const [from, to] = [join(written, path), join(folder, name)];
      await mkdir(dirname(to), { recursive: true });
      const uses = left.get(path)! - 1;
      left.set(path, uses);
      // A file that several formats share is theirs alone in the end: whoever changes one changes no other.
      if (uses > 0) await copyFile(from, to, constants.COPYFILE_FICLONE);
      else await rename(from, to);
      placed.push({ name, bytes: (await stat(to)).size });
    }
    rows.push({ format, files: placed, ...parities });
  }
  return rows;
}
