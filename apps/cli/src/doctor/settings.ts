import { join, resolve } from "node:path";
import { leastFree } from "@espalier/contract";
import { serviceOf } from "../service/connection.ts";
import { apiRole, databaseUrlOf, findState } from "../stack/state.ts";

/** Where the service and its parts are, as far as this host knows. */
export interface DoctorSettings {
  /** Of the API. */
  url?: string | undefined;
  key?: string | undefined;
  databaseUrl?: string | undefined;
  sessionUrl?: string | undefined;
  redisUrl?: string | undefined;
  data?: string | undefined;
  scratch?: string | undefined;
  leastFreeData: number;
  leastFreeScratch: number;
  /** Where the database and the folders were found. */
  from: string;
}

export interface SettingsInput {
  url: string | undefined;
  key: string | undefined;
  environment: NodeJS.ProcessEnv;
  stackFolder: string;
}

/** The settings of the API and the workers from the environment, or else those of the embedded stack in its folder. */
export function readSettings({ environment, stackFolder, ...given }: SettingsInput): DoctorSettings {
  const service = serviceOf({ ...given, environment, stackFolder });
  const text = (name: string): string | undefined => environment[name] || undefined;
  const bytes = (name: string, otherwise: number): number => {
    const value = Number(text(name) ?? otherwise);
    return Number.isFinite(value) ? value : otherwise;
  };
  const common = {
    ...service,
    leastFreeData: bytes("ESPALIER_MIN_FREE_DATA", leastFree.data),
    leastFreeScratch: bytes("ESPALIER_MIN_FREE_SCRATCH", leastFree.scratch),
  };
  const state = text("DATABASE_URL") === undefined ? findState(stackFolder) : undefined;
  if (state?.databasePort !== undefined)
    return {
      ...common,
      // A stack of an earlier version has one user.
      databaseUrl: state.apiPassword
        ? databaseUrlOf(state.databasePort, state.apiPassword, apiRole)
        : databaseUrlOf(state.databasePort, state.databasePassword),
      data: join(stackFolder, "data"),
      scratch: join(stackFolder, "scratch"),
      from: join(stackFolder, "stack.json"),
    };
  const data = text("ESPALIER_DATA");
  const scratch = text("ESPALIER_SCRATCH") ?? (data === undefined ? undefined : join(data, "scratch"));
  return {
    ...common,
    databaseUrl: text("DATABASE_URL"),
    sessionUrl: text("ESPALIER_DATABASE_SESSION_URL"),
    redisUrl: text("REDIS_URL"),
    data: data && resolve(data),
    scratch: scratch && resolve(scratch),
    from: "the environment",
  };
}

/** The settings as they may be shown: passwords and keys are left out. */
export function shownSettings(settings: DoctorSettings): Record<string, string> {
  const { url, key, databaseUrl, sessionUrl, redisUrl, data, scratch } = settings;
  const shown = {
    ESPALIER_URL: url,
    ESPALIER_KEY: key && "(set)",
    DATABASE_URL: databaseUrl && withoutPassword(databaseUrl),
    ESPALIER_DATABASE_SESSION_URL: sessionUrl && withoutPassword(sessionUrl),
    REDIS_URL: redisUrl && withoutPassword(redisUrl),
    ESPALIER_DATA: data,
    ESPALIER_SCRATCH: scratch,
  };
  return Object.fromEntries(Object.entries(shown).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** An address without its password, also where that is among its parameters. */
function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return "(not an address)";
  const url = new URL(address);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys())
    if (/pass|secret|key/i.test(name)) url.searchParams.set(name, "***");
  return url.href;
}
