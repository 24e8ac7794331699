import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { signed } from "../report/words.ts";
import { given } from "../arguments/settings.ts";
import { lookUp } from "../service/lookup.ts";

export const experimentPromote = defineCommand({
  name: "experiment promote",
  arguments: "EXPERIMENT",
  summary: "marks the model of the variant that passes a rule, or says why none does",
  examples: ['espalier experiment promote first --when "Δ ≥ -0.5"'],
  help: [
    "--when RULE         Δ or lower (of its 95 % interval) ≥ POINTS, size ≤ PERCENT %, joined by and; default: promote of its file",
    "--variant VARIANT   default: the smallest of those that pass",
  ],
  arity: [1, 1],
  options: { when: { type: "string" }, variant: { type: "string" } },
  async run({ output, connect }, { when, variant }, [name = ""]) {
    const client = connect();
    const id = await lookUp("experiment", name, client.experiments.list);
    const model = await client.experiments.promote(id, given({ when, variant }));
    if (output.json) output.printJson(model);
    else {
      const { promotion } = model;
      output.print(`${model.id}  ${promotion!.variant}, Δ ${signed(promotion!.delta)}: ${promotion!.when}`);
    }
    return exitCode.ok;
  },
});
