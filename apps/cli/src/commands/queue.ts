import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { pageOf } from "../service/page.ts";
import { alertSummary } from "../tables/pool-lines.ts";
import { queueLines } from "../tables/queue-table.ts";

export const queue = defineCommand({
  name: "queue",
  summary: "what waits for devices, why, and when it is expected to start",
  examples: ["espalier queue", "espalier queue --own"],
  help: ["--own                only your team's runs", "--limit N, --cursor C"],
  arity: [0, 0],
  options: { own: { type: "boolean" }, limit: { type: "string" }, cursor: { type: "string" } },
  async run({ output, connect }, { own, limit, cursor }) {
    const client = connect();
    const page = await client.queue({ ...pageOf(limit, cursor), ...(own ? { own } : {}) });
    if (output.json) {
      output.printJson(page);
      return exitCode.ok;
    }
    const wrong = alertSummary((await client.pool()).alerts);
    if (wrong !== undefined) output.print(output.paint("yellow", wrong));
    if (page.items.length > 0) {
      for (const line of queueLines(page.items, Date.now(), output.columns())) output.print(line);
      output.note(
        "sooner: `espalier run set RUN --class urgent` makes idle runs leave, --priority goes before your own",
      );
    }
    output.note(`${page.total} in the queue, ${page.own} of your team`);
    if (page.cursor) output.note(`more: --cursor ${page.cursor}`);
    return exitCode.ok;
  },
});
