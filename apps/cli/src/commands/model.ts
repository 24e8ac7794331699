import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { printModels } from "../tables/model-table.ts";
import { madeBy, madeByHelp, madeByOptions } from "../service/page.ts";

export const modelList = defineCommand({
  name: "model list",
  summary: "models, newest first",
  examples: ["espalier model list --limit 5"],
  help: madeByHelp,
  arity: [0, 0],
  options: madeByOptions,
  async run({ output, connect }, values) {
    const page = await connect().models.list(madeBy(values));
    if (output.json) output.printJson(page);
    else printModels(page.items, output);
    if (page.cursor && !output.json) output.note(`more: --cursor ${page.cursor}`);
    return exitCode.ok;
  },
});
