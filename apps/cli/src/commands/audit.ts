import type { AuditEntry, AuditQuery } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { pageOf, printPage } from "../service/page.ts";
import { formatAuthor } from "../terminal/format.ts";

export const audit = defineCommand({
  name: "audit",
  summary: "who has changed what, newest first",
  examples: ["espalier audit --action run.cancel --since 2026-11-01"],
  help: [
    "--action ACTION          such as run.cancel",
    "--subject ID             what was changed, such as a run; of teams and users, the name",
    "--user USER, --key KEY   only what this one did",
    "--since T, --until T     such as 2026-11-30 or 2026-11-30T12:00:00Z",
    "--limit N, --cursor C",
    "Operators also see what was done to the pool.",
  ],
  arity: [0, 0],
  options: {
    action: { type: "string" },
    subject: { type: "string" },
    user: { type: "string" },
    key: { type: "string" },
    since: { type: "string" },
    until: { type: "string" },
    limit: { type: "string" },
    cursor: { type: "string" },
  },
  async run({ output, connect }, { limit, cursor, since, until, ...only }) {
    const times = { since: timeOf(since), until: timeOf(until) };
    // The service checks it, and names the field that is wrong.
    const query = { ...pageOf(limit, cursor), ...only, ...times } as AuditQuery;
    return printPage(output, await connect().audit(query), [
      { title: "AT", value: ({ at }) => at.slice(0, 19).replace("T", " ") },
      { title: "BY", value: ({ by }) => formatAuthor(by) },
      { title: "ACTION", value: ({ action }) => action },
      { title: "SUBJECT", value: ({ subject }) => subject.id ?? "–" },
      { title: "CHANGE", value: changeOf },
    ]);
  },
});

/** A day begins at midnight, in UTC. */
const timeOf = (given: string | undefined): string | undefined =>
  given !== undefined && /^\d{4}-\d\d-\d\d$/.test(given) ? `${given}T00:00:00Z` : given;

function changeOf({ change }: AuditEntry): string {
  const text = Object.entries(change)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
