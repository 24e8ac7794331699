import type { Command } from "./command.ts";
import type { Group } from "./commands/index.ts";
import { wrap } from "./terminal/wrap.ts";

const usage = (command: Command): string =>
  ["espalier", command.name, command.arguments].filter(Boolean).join(" ");

const common = [
  "--url URL, --key KEY  the service (else ESPALIER_URL, ESPALIER_KEY, else what",
  "                      `espalier up` left in its folder, else `espalier login`)",
  "--data DIR            folder of the embedded stack (default .espalier)",
  "--json                data as JSON on stdout, errors as {code, message, hint}",
  "                      on stderr",
];

const exits = [
  "0 ok   1 failure   2 wrong usage, cancelled or detached   3 the run failed",
  "4 API key missing or refused   5 not found   75 the service does not answer",
];

/** Help about everything: the commands by what they are for. */
export function overview(groups: readonly Group[]): string {
  return [
    "Prune decoder LLMs, train what is left as text encoders, and measure them.",
    ...groups.flatMap(({ title, commands }) => ["", `${title}:`, ...indent(summaries(commands))]),
    "",
    "`espalier COMMAND --help` says more about one, with examples. `espalier",
    "completion bash` makes a shell complete words; `--version` says the release.",
    "",
    "Every command:",
    ...indent(common),
    "",
    "Exit codes:",
    ...indent(exits),
  ].join("\n");
}

/** Help about the commands that begin with the same word, such as `run`. */
export const nounHelp = (commands: readonly Command[]): string =>
  [...indent(summaries(commands)), "", "`espalier COMMAND --help` says more about one."].join("\n");

export function commandHelp(command: Command): string {
  const { help = [], examples = [] } = command;
  return [
    `${usage(command)} [options]`,
    "",
    command.summary,
    ...(help.length > 0 ? ["", ...indent(help)] : []),
    // A command whose --json means something else uses no service, so that these options do not apply.
    ...("json" in command.options ? [] : ["", ...indent(common)]),
    ...(examples.length > 0 ? ["", "Examples:", ...indent(examples)] : []),
  ].join("\n");
}

const summaryColumn = 25;

/** A name and its summary a line; a longer summary goes on under its beginning. */
function summaries(commands: readonly Command[]): string[] {
  return commands.flatMap(({ name, summary }) => {
    const [first = "", ...others] = wrap(summary, 78 - summaryColumn);
    return [
      name.padEnd(summaryColumn - 1) + " " + first,
      ...others.map((line) => " ".repeat(summaryColumn) + line),
    ];
  });
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
