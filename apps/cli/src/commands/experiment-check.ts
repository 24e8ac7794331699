import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { readExperiment } from "../service/experiment-file.ts";
import { planLines } from "../tables/plan-table.ts";

export const experimentCheck = defineCommand({
  name: "experiment check",
  arguments: "FILE",
  summary: "what a file would run, what is there already, on how much memory, and how long",
  examples: ["espalier experiment check experiment.yaml"],
  help: ["FILE is JSON or YAML, - for stdin; nothing is submitted"],
  arity: [1, 1],
  options: {},
  async run(context, _values, [file = ""]) {
    const { output } = context;
    const client = context.connect();
    const plan = await client.plan({ experiment: await readExperiment(context, client, file) });
    if (output.json) output.printJson(plan);
    else for (const line of planLines(plan, output.columns())) output.print(line);
    return exitCode.ok;
  },
});
