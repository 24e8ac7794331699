import type { Command } from "./command.ts";
import { formatTable } from "./terminal/table.ts";

const usage = (command: Command): string =>
  ["espalier", command.name, command.arguments].filter(Boolean).join(" ");

const common = [
  "--url URL, --key KEY  the service (else ESPALIER_URL, ESPALIER_KEY, else what `espalier up` left in its folder)",
  "--data DIR            folder of the embedded stack (default .espalier)",
  "--json                data as JSON on stdout, errors as {code, message, hint} on stderr",
];

const exits = [
  "0 ok   1 failure   2 wrong usage, cancelled or detached   3 the run failed",
  "4 API key missing or refused   5 not found   75 the service does not answer",
];

export function overview(commands: readonly Command[]): string {
  const lines = formatTable(commands, [
    { title: "COMMAND", value: usage },
    { title: "", value: ({ summary }) => summary },
  ]);
  return [
    "Prune decoder LLMs, train what is left as text encoders, and measure them.",
    "",
    ...lines,
    "",
    "`espalier COMMAND --help` says more about one, `espalier --version` which release this is. Every command:",
    ...indent(common),
    "",
    "Exit codes:",
    ...indent(exits),
  ].join("\n");
}

export function commandHelp(command: Command): string {
  return [
    `${usage(command)} [options]`,
    "",
    command.summary,
    ...(command.help ? ["", ...indent(command.help)] : []),
    // A command whose --json means something else uses no service, so that these options do not apply.
    ...("json" in command.options ? [] : ["", ...indent(common)]),
  ].join("\n");
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
