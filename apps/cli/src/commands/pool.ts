import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { poolLines } from "../tables/pool-lines.ts";

export const pool = defineCommand({
  name: "pool",
  summary: "how the pool is: what is wrong, devices, queue, storage, database, scheduler",
  examples: ["espalier pool"],
  help: ["operators see reasons, hosts and what to do; `espalier doctor` checks from this host too"],
  arity: [0, 0],
  options: {},
  async run({ output, connect }) {
    const found = await connect().pool();
    if (output.json) output.printJson(found);
    else for (const line of poolLines(found, Date.parse(found.at))) output.print(line);
    return exitCode.ok;
  },
});
