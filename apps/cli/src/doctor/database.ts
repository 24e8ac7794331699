import { clockTolerance, connectionNeed } from "@espalier/contract";
import { inspectDatabase, type DatabaseInspection } from "@espalier/store/inspect";
import type { Check } from "./examine.ts";
import { ok, unknown, wrong, type Finding } from "./finding.ts";

/** The oldest version of PostgreSQL that serves. */
const oldestPostgres = 14;

/** Whether this host reaches the database. */
export const checkDatabase: Check = async ({ databaseUrl, sessionUrl }, known) => {
  if (databaseUrl === undefined)
    return [unknown("database", "DATABASE_URL is not set here, so the database was not asked.")];
  const found = [];
  // A pooler that is between has to answer too.
  for (const [name, url] of Object.entries({
    DATABASE_URL: databaseUrl,
    ...(sessionUrl === undefined ? {} : { ESPALIER_DATABASE_SESSION_URL: sessionUrl }),
  }))
    try {
      known.database = await inspectDatabase(url);
    } catch (error) {
      const what = `The database of ${name} does not serve this host: ${messageOf(error)}.`;
      return [wrong("database", what, actionFor(error))];
    }
  const { version, connections } = known.database!;
  if (Number.parseInt(version, 10) < oldestPostgres)
    found.push(wrong("database", `PostgreSQL is ${version}.`, `Use version ${oldestPostgres} or later.`));
  else found.push(ok("database", `PostgreSQL ${version} answers`));
  if (connections === undefined)
    found.push(
      wrong(
        "database",
        "It has no tables of Espalier.",
        "Start an API with it, which makes them; or check DATABASE_URL.",
      ),
    );
  return [...found, ...rolesOf(known.database!)];
};

/** Whether the database itself keeps teams apart, and lets this host's processes do only what they need. */
function rolesOf({ user, roles = [] }: DatabaseInspection): Finding[] {
  if (user === undefined) return [];
  const found = roles.map((what) =>
    wrong(
      "database",
      what,
      "Start an API as the owner of the tables, who mends it; docs/operations.md says how.",
    ),
  );
  if (user.excess.length > 0)
    found.push(
      wrong(
        "database",
        `DATABASE_URL logs in as ${user.name}, who is ${user.excess.join(", and ")}.`,
        "Give API and workers users of their own, and the owner to ESPALIER_DATABASE_OWNER_URL (docs/operations.md).",
      ),
    );
  return found.length > 0 ? found : [ok("database", `${user.name} may do what it needs, and no more`)];
}

/** Whether the connections suffice for all that the pool may want. */
export const checkConnections: Check = async ({ redisUrl, sessionUrl }, { database, pool }) => {
  const told = pool?.database.connections;
  const counted = database?.connections;
  if (!counted && !told)
    return [unknown("connections", "Neither the database nor the API told how many there are.")];
  const queue = pool?.deliveryQueues.server ?? (redisUrl === undefined ? "postgres" : "redis");
  const apis = Math.max(1, counted?.apis ?? told!.apis);
  const { max, allowed, used, workers } = counted ?? told!;
  const need = connectionNeed({
    queue,
    pooled: told?.pooled ?? sessionUrl !== undefined,
    apis,
    workers,
    reserved: max - allowed,
  });
  const sum = `${workers} × ${need.perWorker} (workers) + ${apis} × ${need.perApi} (APIs) + ${need.fitting - need.needed} (reserve) = ${need.fitting}`;
  const found = [
    need.needed <= allowed
      ? ok("connections", `${sum}; max_connections is ${max}`)
      : wrong(
          "connections",
          `${sum}, and max_connections is ${max}: what finds no connection is refused with 503, or waits.`,
          `Set max_connections = ${need.fitting} and restart PostgreSQL, or put PgBouncer before it (docs/operations.md).`,
        ),
  ];
  if (used >= allowed)
    found.push(
      wrong(
        "connections",
        `${used} are in use, and ${allowed} are allowed.`,
        "`espalier pool` says who holds them; end what is not of the pool.",
      ),
    );
  return found;
};

/** Whether this host and the database agree on the time. */
export const checkClock: Check = async (_settings, { database }) => {
  if (!database) return [unknown("clock", "The database did not tell its time.")];
  const { clockOffset } = database;
  const off = `The clock of this host is ${Math.abs(clockOffset).toFixed(1)} s ${clockOffset > 0 ? "ahead of" : "behind"} the database's`;
  return Math.abs(clockOffset) <= clockTolerance
    ? [ok("clock", off)]
    : [
        wrong(
          "clock",
          `${off}; runs are safe, times in logs are off.`,
          "Set the clocks of both hosts (NTP).",
        ),
      ];
};

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? "";

function messageOf(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: { message: string }[] };
  return (message || errors?.[0]?.message || String(error)).replace(/\.$/, "");
}

function actionFor(error: unknown): string {
  const code = codeOf(error);
  if (code === "53300")
    return "It has no connection left: raise max_connections, or end what holds them (docs/operations.md).";
  if (code.startsWith("28")) return "Give DATABASE_URL the right user and password.";
  if (code === "3D000") return "Make the database, or give DATABASE_URL its right name.";
  return "Start PostgreSQL, or let DATABASE_URL name where it is; check the network between.";
}
