import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newApiKey } from "@espalier/contract";
import type { ProcessIdentity } from "@espalier/process";

/** What a stack remembers between starts, in `stack.json` of its folder. */
export interface StackState {
  /** Where clients reach the API, such as `http://127.0.0.1:7070`. */
  url?: string;
  apiPort?: number;
  databasePort?: number;
  /** Of the superuser of the database's server, whom the service needs for nothing but to make the owner. */
  databasePassword: string;
  /** Of the owner of the tables, who migrates them. */
  ownerPassword: string;
  /** ESPALIER_INSTANCE of the API that runs, by which it shows that it is this stack's; another one for each start. */
  instance?: string;
  /** Of the database's role of the API, and of the worker's. */
  apiPassword: string;
  workerPassword: string;
  /** ESPALIER_SECRET of the API and the worker: seals hub tokens. */
  secret: string;
  /** Folder of Postgres' files: inside the stack's own where the database user can reach that. */
  databaseFolder?: string;
  processes: Record<string, ProcessIdentity>;
}

export const newToken = (): string => randomBytes(24).toString("base64url");

/** Makes the folder; others may pass through it only where a database user of another name must. */
export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
  mkdirSync(join(folder, "logs"), { recursive: true, mode: 0o700 });
}

export function readState(folder: string): StackState {
  const passwords = {
    databasePassword: newToken(),
    ownerPassword: newToken(),
    apiPassword: newToken(),
    workerPassword: newToken(),
  };
  return { ...passwords, secret: newToken(), processes: {}, ...findState(folder) };
}

/** What a stack remembers; undefined where there is none. */
export function findState(folder: string): StackState | undefined {
  const text = readIfThere(join(folder, "stack.json"));
  return text === undefined ? undefined : (JSON.parse(text) as StackState);
}

/** Names of the stack's database and of the superuser of its server. */
export const [databaseName, superuser] = ["espalier", "espalier"] as const;

/** Address of a stack's database for one of its users. */
export const databaseUrlOf = (port: number, password: string, user: string = superuser): string =>
  `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${databaseName}`;

/** The database's roles of the owner, of API and of worker, as the store names them. */
export const [ownerRole, apiRole, workerRole] = [
  "espalier_owner",
  "espalier_api",
  "espalier_worker",
] as const;

export const writeState = (folder: string, state: StackState): void =>
  writePrivate(join(folder, "stack.json"), JSON.stringify(state, null, 2));

/** The folder's first API key: made once, readable by its owner alone. */
export function keyOf(folder: string): string {
  const file = join(folder, "key");
  const existing = readIfThere(file)?.trim();
  if (existing) return existing;
  const key = newApiKey();
  writePrivate(file, key);
  return key;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces a file whole, mode 0600. */
function writePrivate(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
