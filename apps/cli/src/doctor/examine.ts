import type { Pool } from "@espalier/contract";
import type { DatabaseInspection } from "@espalier/store/inspect";
import { checkApi } from "./api.ts";
import { checkConnections, checkClock, checkDatabase } from "./database.ts";
import type { CheckName, Finding } from "./finding.ts";
import { checkDataFolder, checkScratch } from "./folders.ts";
import { checkPool } from "./pool.ts";
import { checkQueues } from "./queues.ts";
import { shownSettings, type DoctorSettings } from "./settings.ts";
import { ok, unknown } from "./finding.ts";

/** What the checks have learned so far; a later one builds on it. */
export interface Known {
  /** What the API says of the pool; undefined while it does not. */
  pool?: Pool;
  /** What the database says to this host. */
  database?: DatabaseInspection;
}

/** A check looks at one thing, writes into `known` what others need, and never rejects. */
export type Check = (settings: DoctorSettings, known: Known) => Promise<Finding[]>;

/** Every check, in the order in which they are made: from what this host knows to what depends on it. */
const checks: { readonly [Name in Exclude<CheckName, "engine">]: Check } = {
  settings: async (settings) => checkSettings(settings),
  API: checkApi,
  database: checkDatabase,
  connections: checkConnections,
  clock: checkClock,
  "data folder": checkDataFolder,
  scratch: checkScratch,
  queues: checkQueues,
  pool: checkPool,
};

function checkSettings(settings: DoctorSettings): Finding[] {
  const shown = Object.entries(shownSettings(settings));
  if (shown.length === 0)
    return [
      unknown("settings", "Nothing names a service here: no flag, no variable, no folder of `espalier up`."),
    ];
  return [
    ...shown.map(([name, value]) => ok("settings", `${name} is ${value}`)),
    ...(settings.databaseUrl === undefined ? [] : [ok("settings", `read from ${settings.from}`)]),
  ];
}

/** Makes every check. */
export async function examine(settings: DoctorSettings): Promise<Finding[]> {
  const known: Known = {};
  const findings: Finding[] = [];
  for (const check of Object.values(checks)) findings.push(...(await check(settings, known)));
  return findings;
}
