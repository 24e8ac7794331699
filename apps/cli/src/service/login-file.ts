import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** A service and the key to it, as `espalier login` keeps them. */
export interface Login {
  url: string;
  key: string;
}

/** Where they are kept: `$XDG_CONFIG_HOME/espalier/login.json`, else below `~/.config`. */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  const config = environment["XDG_CONFIG_HOME"] || join(environment["HOME"] || homedir(), ".config");
  return join(config, "espalier/login.json");
}

/** Undefined where nobody has logged in, and for a file that is none of ours. */
export function readLogin(environment: NodeJS.ProcessEnv): Login | undefined {
  try {
    const { url, key } = JSON.parse(readFileSync(loginFile(environment), "utf8")) as Partial<Login>;
    return typeof url === "string" && typeof key === "string" ? { url, key } : undefined;
  } catch {
    return undefined;
  }
}

/** Only the user may read it; it is there whole or not at all. */
export function writeLogin(environment: NodeJS.ProcessEnv, login: Login): void {
  const file = loginFile(environment);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(login)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
}

/** @returns whether there was one */
export function removeLogin(environment: NodeJS.ProcessEnv): boolean {
  const was = readLogin(environment) !== undefined;
  rmSync(loginFile(environment), { force: true });
  return was;
}
