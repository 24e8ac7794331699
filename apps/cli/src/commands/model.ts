import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { printModels } from "../tables/model-table.ts";
import { pageOf } from "../service/page.ts";

export const modelList = defineCommand({
  name: "model list",
  summary: "models, newest first",
  examples: ["espalier model list --limit 5"],
  arity: [0, 0],
  options: { limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { limit, cursor }) {
    const page = await connect().models.list(pageOf(limit, cursor));
    if (output.json) output.printJson(page);
    else printModels(page.items, output);
    if (page.cursor && !output.json) output.note(`more: --cursor ${page.cursor}`);
    return exitCode.ok;
  },
});
