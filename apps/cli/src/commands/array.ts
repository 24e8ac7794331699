import type { RunArray } from "@espalier/contract";
import { defineCommand, type Context } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { changeHelp, changeOptions, parseChange } from "../arguments/change.ts";
import { madeBy, madeByHelp, madeByOptions, printPage } from "../service/page.ts";
import { formatTable } from "../terminal/table.ts";

/** `2 QUEUED, 1 RUNNING` */
function statesOf({ runs }: RunArray): string {
  const counts = new Map<string, number>();
  for (const { state } of runs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}

function print({ output }: Pick<Context, "output">, array: RunArray): void {
  if (output.json) output.printJson(array);
  else output.print(`${array.id}  ${array.array}  ${statesOf(array)}`);
}

export const arrayList = defineCommand({
  name: "array list",
  summary: "arrays of runs, newest first",
  examples: ["espalier array list"],
  help: madeByHelp,
  arity: [0, 0],
  options: madeByOptions,
  async run({ output, connect }, values) {
    return printPage(output, await connect().arrays.list(madeBy(values)), [
      { title: "ID", value: ({ id }) => id },
      { title: "ARRAY", value: ({ array }) => array },
      { title: "RUNS", value: statesOf },
      { title: "CREATED", value: ({ createdAt }) => createdAt.slice(0, 19).replace("T", " ") },
    ]);
  },
});

export const arrayShow = defineCommand({
  name: "array show",
  arguments: "ARRAY",
  summary: "the runs of an array, by their indices",
  examples: ["espalier array show ARRAY"],
  arity: [1, 1],
  options: {},
  async run(context, _values, [id = ""]) {
    const { output } = context;
    const array = await context.connect().arrays.get(id);
    print(context, array);
    if (output.json) return exitCode.ok;
    const lines = formatTable(array.runs, [
      { title: "INDEX", value: ({ index }) => String(index), align: "right" },
      { title: "RUN", value: ({ runId }) => runId },
      { title: "STATE", value: ({ state }) => state },
    ]);
    for (const line of lines) output.print(line);
    return exitCode.ok;
  },
});

const act = (verb: "cancel" | "hold" | "release", summary: string) =>
  defineCommand({
    name: `array ${verb}`,
    arguments: "ARRAY",
    summary,
    examples: [`espalier array ${verb} ARRAY`],
    arity: [1, 1],
    options: {},
    async run(context, _values, [id = ""]) {
      print(context, await context.connect().arrays[verb](id));
      return exitCode.ok;
    },
  });

export const arrayCancel = act("cancel", "end every run of an array");
export const arrayHold = act("hold", "keep its runs that have not started from starting");
export const arrayRelease = act("release", "let the held runs of an array start");

export const arraySet = defineCommand({
  name: "array set",
  arguments: "ARRAY",
  summary: "change class, priority or time limit of its runs, where their states allow it",
  examples: ["espalier array set ARRAY --priority 5"],
  help: changeHelp,
  arity: [1, 1],
  options: changeOptions,
  async run(context, values, [id = ""]) {
    print(context, await context.connect().arrays.change(id, parseChange(values)));
    return exitCode.ok;
  },
});
