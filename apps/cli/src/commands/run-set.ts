import { changeHelp, changeOptions, parseChange } from "../arguments/change.ts";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";

export const runSet = defineCommand({
  name: "run set",
  arguments: "RUN",
  summary: "change the class, the priority or the time limit of a run",
  examples: ["espalier run set RUN --class urgent --wall-time 8h"],
  help: changeHelp,
  arity: [1, 1],
  options: changeOptions,
  async run({ output, connect }, values, [id = ""]) {
    const run = await connect().runs.change(id, parseChange(values));
    if (output.json) output.printJson(run);
    else output.print(`${run.id}  ${run.state}  ${run.class}  priority ${run.priority}`);
    return exitCode.ok;
  },
});
