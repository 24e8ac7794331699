import type { Team, TeamChange } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../terminal/output.ts";
import { teamTable } from "../tables/team-table.ts";
import { keyHelp, keyOptions, parseKey } from "../arguments/key.ts";
import { parseBytes } from "../arguments/needs.ts";
import { given, parseCount, parseNumber } from "../arguments/settings.ts";

function print(output: Output, teams: readonly Team[]): void {
  // A team whose only user is `default` is one line.
  const rows = teams.flatMap((team) => [
    team,
    ...(team.users.length > 1 ? team.users.map((user) => ({ ...user, name: `  ${user.name}` })) : []),
  ]);
  for (const line of teamTable(rows)) output.print(line);
  for (const { name, notes } of teams) for (const note of notes) output.note(`${name}: ${note}`);
}

export const teamList = defineCommand({
  name: "team list",
  summary: "teams, their weights and quotas, and what they use; for operators",
  examples: ["espalier team list"],
  arity: [0, 0],
  options: {},
  async run({ output, connect }) {
    const { items } = await connect().teams.list();
    if (output.json) output.printJson({ items });
    else print(output, items);
    return exitCode.ok;
  },
});

/** `none` takes a limit away. */
const limit = (name: string, text: string | undefined): number | null | undefined =>
  text === "none" ? null : parseNumber(name, text);

export const teamSet = defineCommand({
  name: "team set",
  arguments: "TEAM",
  summary: "change the weight or a quota of a team, or of one of its users; for operators",
  examples: ["espalier team set nlp --weight 3 --devices 4 --borrowing 8 --hours 2000"],
  help: [
    "--weight N           share of the pool, next to the other teams'",
    "--devices N          devices that are its own at any time",
    "--borrowing N        devices beyond those while nobody entitled wants them",
    "--queued N           runs that take part in the order",
    "--pending N          runs that may wait to start; submissions beyond them are refused (`none`: 20,000)",
    "--hours N            device hours of a period",
    "--bytes 2TB          what it may store; beyond it uploads, datasets and runs are refused",
    "--urgent ROLE        which keys may ask for class urgent: member (default), maintainer, admin, or nobody",
    "--period P           day, week or month",
    "--user NAME          of the team: weight, devices, hours and period are that user's",
    "a limit of `none` is none; a quota below what runs now ends nothing and lets nothing new start",
  ],
  arity: [1, 1],
  options: {
    weight: { type: "string" },
    devices: { type: "string" },
    borrowing: { type: "string" },
    queued: { type: "string" },
    pending: { type: "string" },
    hours: { type: "string" },
    bytes: { type: "string" },
    urgent: { type: "string" },
    period: { type: "string" },
    user: { type: "string" },
  },
  async run({ output, connect }, values, [name = ""]) {
    const change = given({
      weight: parseNumber("weight", values.weight),
      period: values.period as TeamChange["period"],
      devices: limit("devices", values.devices),
      borrowing: limit("borrowing", values.borrowing),
      queuedRuns: values.queued === "none" ? null : parseCount("queued", values.queued),
      pendingRuns: values.pending === "none" ? null : parseCount("pending", values.pending),
      deviceHours: limit("hours", values.hours),
      bytes: values.bytes === "none" ? null : parseBytes("bytes", values.bytes),
      urgent: values.urgent as TeamChange["urgent"],
    });
    if (Object.keys(change).length === 0) throw new UsageError("name what is to change, such as --weight 2");
    const { teams } = connect();
    const team = await (values.user === undefined
      ? teams.set(name, change)
      : teams.setUser(name, values.user, change));
    if (output.json) output.printJson(team);
    else print(output, [team]);
    return exitCode.ok;
  },
});

export const teamKey = defineCommand({
  name: "team key",
  arguments: "TEAM NAME",
  summary:
    "make an API key of a team, and the team where it is missing; for operators while the team has no admin",
  examples: ["espalier team key nlp laptop --user ann"],
  help: keyHelp,
  arity: [2, 2],
  options: keyOptions,
  async run({ output, connect }, values, [team = "", name = ""]) {
    const made = await connect().teams.createKey(team, { name, ...parseKey(values) });
    if (output.json) output.printJson(made);
    else output.print(made.text);
    return exitCode.ok;
  },
});
