import type { Check } from "./examine.ts";
import { ok, unknown, wrong } from "./finding.ts";

/** What the API finds wrong with the pool. */
export const checkPool: Check = async (_settings, { pool, database }) => {
  if (!pool) return [unknown("pool", "The API did not tell how the pool is.")];
  // The database itself was asked about its connections.
  const alerts = pool.alerts.filter(({ code }) => !(database?.connections && code === "connections-short"));
  if (alerts.length === 0) return [ok("pool", "no alerts")];
  return alerts.map(({ subject, message, action }) =>
    wrong("pool", `${subject}: ${message}`, action ?? "Ask an operator; an operator's key shows what to do."),
  );
};
