import type { RetentionChange } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";

/** `30d` or `30` is days; `forever` is null. */
function days(name: string, text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === "forever") return null;
  const [, count] = /^(\d{1,6})d?$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new UsageError(`--${name} must be days such as 30d, at least 1d, or \`forever\`, not \`${text}\``);
  return Number(count);
}

export const teamRetention = defineCommand({
  name: "team retention",
  arguments: "TEAM",
  summary: "how long a team's data is kept; for operators",
  examples: ["espalier team retention nlp --logs 30d --metrics forever"],
  help: [
    "--checkpoints DAYS  of runs that failed, for a retry; default 7d, `forever` for no end",
    "--files DAYS        that attempts left behind; default 1d",
    "--logs DAYS         default 90d",
    "--metrics DAYS      after the end of a run, then down-sampled for ever; default 30d",
    "--events DAYS       default 7d",
  ],
  arity: [1, 1],
  options: {
    checkpoints: { type: "string" },
    files: { type: "string" },
    logs: { type: "string" },
    metrics: { type: "string" },
    events: { type: "string" },
  },
  async run({ output, connect }, values, [team = ""]) {
    const { teams } = connect();
    const change = Object.fromEntries(
      (["checkpoints", "files", "logs", "metrics", "events"] as const)
        .map((name) => [name, days(name, values[name])] as const)
        .filter(([, value]) => value !== undefined),
    ) as RetentionChange;
    const kept = await (Object.keys(change).length === 0
      ? teams.retention(team)
      : teams.setRetention(team, change));
    if (output.json) output.printJson(kept);
    else
      for (const [what, value] of Object.entries(kept))
        output.print(`${what.padEnd(12)} ${value === null ? "forever" : `${value}d`}`);
    return exitCode.ok;
  },
});
