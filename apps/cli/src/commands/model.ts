import type { Model } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { ProgressBars } from "../terminal/progress-bars.ts";
import { formatTable } from "../terminal/table.ts";
import { codeOf, watchRun } from "../watch/watch.ts";
import { pageOf } from "./page.ts";
import { modelFiles, nameFrom, uploadBar, uploadModel } from "./model-folder.ts";

export const modelImport = defineCommand({
  name: "model import",
  arguments: "DIR",
  summary: "upload a Hugging Face folder and register it",
  help: ["--name NAME  default: the folder's name", "--detach     do not wait for the check of its tensors"],
  arity: [1, 1],
  options: { name: { type: "string" }, detach: { type: "boolean" } },
  async run(context, { name, detach }, [folder = ""]) {
    const { output } = context;
    const path = context.path(folder);
    const client = context.connect();
    const files = await modelFiles(path);
    const bars = new ProgressBars(output);
    const upload = await uploadModel(client, files, output.json ? () => undefined : uploadBar(bars, files));
    const { model, run } = await client.models.create({ name: name ?? nameFrom(path), uploadId: upload.id });
    bars.end();
    if (detach) {
      if (output.json) output.printJson({ model, run });
      else output.print(model.id);
      return exitCode.ok;
    }
    const watched = await watchRun({ ...context, output: { ...output, json: false } }, client, run.id);
    const code = codeOf(watched);
    if (code !== exitCode.ok) return code;
    const ready = await client.models.get(model.id);
    if (output.json) output.printJson(ready);
    else printModels([ready], output.print);
    return code;
  },
});

export const modelList = defineCommand({
  name: "model list",
  summary: "models, newest first",
  arity: [0, 0],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }) {
    const page = await connect().models.list(pageOf(limit, cursor));
    if (output.json) output.printJson(page);
    else printModels(page.items, output.print);
    if (page.cursor && !output.json) output.note(`more: --cursor ${page.cursor}`);
    return exitCode.ok;
  },
});

function printModels(models: readonly Model[], print: (line: string) => void): void {
  const lines = formatTable(models, [
    { title: "ID", value: ({ id }) => id },
    { title: "NAME", value: ({ name }) => name },
    { title: "STATE", value: ({ state }) => state },
    { title: "LAYERS", value: ({ architecture }) => String(architecture.layers), align: "right" },
    {
      title: "PARAMETERS",
      value: ({ architecture }) => formatCount(architecture.parameters),
      align: "right",
    },
    { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
  ]);
  for (const line of lines) print(line);
}
