import type { KeyRole, Team, TeamChange } from "@espalier/contract";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "../terminal/output.ts";
import { formatTable } from "../terminal/table.ts";
import { given, parseCount, parseNumber } from "../arguments/settings.ts";

const number = (value: number): string => String(Math.round(value * 10) / 10);
const of = (used: number, limit: number | null | undefined): string =>
  limit === undefined || limit === null ? number(used) : `${number(used)} of ${number(limit)}`;

type Row = Pick<Team, "name" | "weight" | "period" | "runningDevices" | "usedDeviceHours" | "queuedRuns"> & {
  quota: Team["quota"];
};

function print(output: Output, teams: readonly Team[]): void {
  // A team whose only user is `default` is one line.
  const rows: Row[] = teams.flatMap((team) => [
    team,
    ...(team.users.length > 1 ? team.users.map((user) => ({ ...user, name: `  ${user.name}` })) : []),
  ]);
  const lines = formatTable(rows, [
    { title: "TEAM", value: ({ name }) => name },
    { title: "WEIGHT", value: ({ weight }) => number(weight), align: "right" },
    {
      title: "DEVICES",
      value: ({ runningDevices, quota }) => of(runningDevices, quota.devices),
      align: "right",
    },
    {
      title: "BORROWS",
      value: ({ quota }) => (quota.borrowing == null ? "any" : number(quota.borrowing)),
      align: "right",
    },
    {
      title: "HOURS",
      value: ({ usedDeviceHours, quota }) => of(usedDeviceHours, quota.deviceHours),
      align: "right",
    },
    { title: "PERIOD", value: ({ period }) => period },
    { title: "QUEUED", value: ({ queuedRuns, quota }) => of(queuedRuns, quota.queuedRuns), align: "right" },
  ]);
  for (const line of lines) output.print(line);
  for (const { name, notes } of teams) for (const note of notes) output.note(`${name}: ${note}`);
}

export const teamList = defineCommand({
  name: "team list",
  summary: "teams, their weights and quotas, and what they use; for operators",
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
  help: [
    "--weight N           share of the pool, next to the other teams'",
    "--devices N          devices that are its own at any time",
    "--borrowing N        devices beyond those while nobody entitled wants them",
    "--queued N           runs that take part in the order",
    "--pending N          runs that may wait to start; submissions beyond them are refused (`none`: 20,000)",
    "--hours N            device hours of a period",
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
  summary: "make an API key, and the team where it is missing; for operators",
  help: [
    "--user NAME          whose key it is; default `default`",
    "--operator           it may do what operators do",
  ],
  arity: [2, 2],
  options: { user: { type: "string" }, operator: { type: "boolean" } },
  async run({ output, connect }, { user, operator }, [team = "", name = ""]) {
    const role: KeyRole = operator ? "operator" : "member";
    const made = await connect().teams.createKey(team, { name, role, ...given({ user }) });
    if (output.json) output.printJson(made);
    else output.print(made.text);
    return exitCode.ok;
  },
});
