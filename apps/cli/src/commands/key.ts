import { Problem, type ApiKey, type Client, type NewApiKey } from "@espalier/contract";
import { keyHelp, keyOptions, parseExpiry, parseKey } from "../arguments/key.ts";
import { parseDuration } from "../arguments/duration.ts";
import { given } from "../arguments/settings.ts";
import { defineCommand, UsageError } from "../command.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import { pageOf, printPage } from "../service/page.ts";
import type { Output } from "../terminal/output.ts";

const day = (time: string | undefined): string =>
  time === undefined ? "–" : `${time.slice(0, 16).replace("T", " ")} UTC`;

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt) return "revoked";
  return expiresAt && Date.parse(expiresAt) <= Date.now() ? "ended" : "valid";
}

export const keyList = defineCommand({
  name: "key list",
  summary: "your API keys, newest first; for admins, those of the whole team",
  examples: ["espalier key list --ended"],
  help: [
    "--ended              also those that were revoked or have ended",
    "--team TEAM          of another team, for operators",
    "--limit N, --cursor C",
  ],
  arity: [0, 0],
  options: {
    ended: { type: "boolean" },
    team: { type: "string" },
    limit: { type: "string" },
    cursor: { type: "string" },
  },
  async run({ output, connect }, { ended, team, limit, cursor }) {
    const page = await connect().keys.list({ ...given({ ended, team }), ...pageOf(limit, cursor) });
    return printPage(output, page, [
      { title: "ID", value: ({ id }) => id },
      { title: "NAME", value: ({ name }) => name },
      { title: "ROLE", value: ({ role, operator }) => (operator ? `${role}, operator` : role) },
      { title: "STATE", value: stateOf },
      { title: "ENDS", value: ({ expiresAt }) => day(expiresAt) },
      { title: "LAST USED", value: ({ lastUsedAt }) => day(lastUsedAt) },
    ]);
  },
});

/** The text of the key alone, so that it can go to a file; what else there is to say goes to the terminal. */
function printNew(output: Output, made: NewApiKey, note: string): ExitCode {
  if (output.json) output.printJson(made);
  else {
    output.print(made.text);
    output.note(note);
  }
  return exitCode.ok;
}

export const keyCreate = defineCommand({
  name: "key create",
  arguments: "NAME",
  summary: "make an API key of your team; its text is shown this once; for admins",
  examples: ["espalier key create ci"],
  help: keyHelp,
  arity: [1, 1],
  options: keyOptions,
  async run({ output, connect }, values, [name = ""]) {
    const made = await connect().keys.create({ name, ...parseKey(values) });
    return printNew(output, made, `${made.key.id}  ${made.key.role}  ends ${day(made.key.expiresAt)}`);
  },
});

/** Two valid keys may have one name, as after a rotation: then only an id says which is meant. */
async function find(client: Client, wanted: string): Promise<string> {
  if (wanted.startsWith("key_")) return wanted;
  const found: ApiKey[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.keys.list({ limit: 200, ...given({ cursor }) });
    found.push(...page.items.filter(({ name }) => name === wanted));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  const [only, ...others] = found;
  if (only === undefined)
    throw new Problem("resource/not-found", `There is no valid key named \`${wanted}\`.`);
  if (others.length > 0)
    throw new UsageError(
      `several keys are named \`${wanted}\`: ${found.map(({ id, expiresAt }) => `${id} (ends ${day(expiresAt)})`).join(", ")}; give the id`,
    );
  return only.id;
}

export const keyRotate = defineCommand({
  name: "key rotate",
  arguments: "KEY",
  summary: "make a new key like this one, which ends when the overlap does",
  examples: ["espalier key rotate laptop --overlap 2h"],
  help: [
    "KEY                  id or name",
    "--overlap TIME       how long the old key still works, such as 2h; default 24h, 0: it ends at once",
    "--expires TIME       when the new key ends: after 90d, or on 2027-01-31; default when the old one would have",
  ],
  arity: [1, 1],
  options: { overlap: { type: "string" }, expires: { type: "string" } },
  async run({ output, connect }, { overlap, expires }, [key = ""]) {
    const client = connect();
    const id = await find(client, key);
    const overlapSeconds = overlap === undefined ? undefined : parseDuration("overlap", overlap);
    const made = await client.keys.rotate(id, given({ overlapSeconds, expiresAt: parseExpiry(expires) }));
    return printNew(
      output,
      made,
      `${made.key.id} takes the place of ${id}, which ends ${ending(overlapSeconds)}`,
    );
  },
});

const ending = (seconds = 86_400): string =>
  seconds === 0 ? "now" : `at the latest on ${day(new Date(Date.now() + seconds * 1000).toISOString())}`;

export const keyRevoke = defineCommand({
  name: "key revoke",
  arguments: "KEY",
  summary: "end an API key at once, with the event streams that were opened with it",
  examples: ["espalier key revoke laptop"],
  help: ["KEY                  id or name; for operators the id of any team's"],
  arity: [1, 1],
  options: {},
  async run({ output, connect }, _values, [wanted = ""]) {
    const client = connect();
    const key = await client.keys.revoke(await find(client, wanted));
    if (output.json) output.printJson(key);
    else output.print(`${key.id}  ${key.name}  revoked`);
    return exitCode.ok;
  },
});
