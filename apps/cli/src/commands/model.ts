import type { Model } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { pageOf } from "../service/page.ts";

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

export function printModels(models: readonly Model[], print: (line: string) => void): void {
  const lines = formatTable(models, [
    { title: "ID", value: ({ id }) => id },
    { title: "NAME", value: ({ name }) => name },
    { title: "STATE", value: ({ state }) => state },
    { title: "LAYERS", value: ({ architecture }) => String(architecture?.layers ?? "–"), align: "right" },
    {
      title: "PARAMETERS",
      value: ({ architecture }) => (architecture ? formatCount(architecture.parameters) : "–"),
      align: "right",
    },
    { title: "SIZE", value: ({ bytes }) => formatBytes(bytes), align: "right" },
  ]);
  for (const line of lines) print(line);
}
