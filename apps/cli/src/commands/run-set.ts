import { UsageError, defineCommand } from "../command.ts";
import { changeHelp, changeOptions, givenChange } from "../arguments/change.ts";
import { given } from "../arguments/settings.ts";
import { exitCode } from "../exit-code.ts";
import { runId } from "../service/run-argument.ts";

const none = (text: string): string | null => (text === "none" ? null : text);

export const runSet = defineCommand({
  name: "run set",
  arguments: "RUN",
  summary: "change the name, tags, notes, class, priority or time limit of a run",
  examples: [
    "espalier run set RUN --class urgent --wall-time 8h",
    "espalier run set RUN --name baseline --tag lr=1e-4 --tag first",
  ],
  help: [
    "--name NAME     what people call it; none takes it away",
    "--tag TAG       these tags in place of those it has; repeat; none takes them away",
    "--notes TEXT    what people say of it; none takes it away",
    ...changeHelp,
  ],
  arity: [1, 1],
  options: {
    name: { type: "string" },
    tag: { type: "string", multiple: true },
    notes: { type: "string" },
    ...changeOptions,
  },
  async run({ output, connect }, { name, tag, notes, ...values }, [of = ""]) {
    const change = {
      ...givenChange(values),
      ...given({
        name: name === undefined ? undefined : none(name),
        notes: notes === undefined ? undefined : none(notes),
      }),
      ...(tag === undefined ? {} : { tags: tag.length === 1 && tag[0] === "none" ? [] : tag }),
    };
    if (Object.keys(change).length === 0)
      throw new UsageError("say what to change: --name, --tag, --notes, --class, --priority or --wall-time");
    const client = connect();
    const run = await client.runs.change(await runId(client, of), change);
    if (output.json) output.printJson(run);
    else
      output.print(
        [
          run.id,
          run.name,
          run.state,
          run.class,
          `priority ${run.priority}`,
          run.tags && run.tags.length > 0 ? run.tags.join(" ") : undefined,
        ]
          .filter((each) => each !== undefined)
          .join("  "),
      );
    return exitCode.ok;
  },
});
