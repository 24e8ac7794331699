import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "@espalier/contract";
import { identify, programArguments, waitForEnd, type ProcessIdentity } from "@espalier/process";
import { giveToOwner, type Passwords } from "./database-owner.ts";
import { usableBinaries } from "./postgres-binaries.ts";
import type { ServiceSpec } from "./service.ts";
import { databaseName, databaseUrlOf, superuser } from "./state.ts";
import { canReach, databaseUser, type SystemUser } from "./system-user.ts";

const host = fileURLToPath(new URL("postgres-host/main.ts", import.meta.url));

export interface PostgresOptions {
  /** The stack's folder. */
  folder: string;
  /** Folder of the server's files as remembered from an earlier start. */
  home: string | undefined;
  port: number;
  password: string;
  /** Of those who log in beside the superuser, with the owner of the database; default: there are no others, and it is the superuser's. */
  logins?: Passwords;
  /** More settings of the server, such as `max_connections=20`. */
  settings?: readonly string[];
  say: (line: string) => void;
}

/** A prepared database server, not yet running. */
export interface Postgres {
  home: string;
  /** Of the superuser. */
  url: string;
  service: Omit<ServiceSpec, "name" | "log" | "env">;
}

/** Makes the cluster on first use: UTF-8, checksums, sorted by code point, password over loopback TCP only. */
export function preparePostgres({
  folder,
  home: remembered,
  port,
  password,
  logins,
  settings: more = [],
  say,
}: PostgresOptions): Postgres {
  const user = databaseUser();
  const home = remembered ?? chooseHome(folder, user);
  mkdirSync(home, { recursive: true });
  if (user) chownSync(home, user.uid, user.gid);
  chmodSync(home, 0o700);
  if (user && home !== join(folder, "postgres") && remembered === undefined)
    say(`PostgreSQL runs as the user ${user.name}, who cannot enter ${folder}; its files are in ${home}`);

  const binaries = usableBinaries(home, user);
  const data = join(home, "data");
  if (!existsSync(data)) initialise(binaries.home, home, password, user);
  const command = join(binaries.home, "bin", "postgres");
  const runAlone = (database: string, statements: string): void =>
    runAs(user, command, ["--single", "-j", "-c", "exit_on_error=on", "-D", data, database], statements);
  // No Unix socket: its path has a limited length, and its folder belongs to one user.
  const settings = ["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories=", ...more];
  return {
    home,
    url: databaseUrlOf(port, password),
    service: {
      command: [
        ...programArguments(host),
        String(user?.uid ?? "-"),
        String(user?.gid ?? "-"),
        command,
        "-D",
        data,
        ...settings.flatMap((setting) => ["-c", setting]),
      ],
      async prepare() {
        await endOrphan(data);
        if (logins) giveToOwner(home, logins, runAlone);
      },
      ready: async () => readPidFile(data)?.ready === true && serverOf(data) !== undefined,
    },
  };
}

/** Inside the stack's folder where the database user can reach it; else where root may put it and that user can. */
function chooseHome(folder: string, user: SystemUser | undefined): string {
  if (!user || canReach(folder, user)) return join(folder, "postgres");
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  mkdirSync("/var/lib/espalier", { recursive: true, mode: 0o755 });
  return join("/var/lib/espalier", name);
}

/** Makes the cluster aside and renames it, so that a half-made one is never started. */
function initialise(binaries: string, home: string, password: string, user: SystemUser | undefined): void {
  const draft = join(home, "data.new");
  const passwordFile = join(home, "password");
  rmSync(draft, { recursive: true, force: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  try {
    runAs(user, join(binaries, "bin", "initdb"), [
      `--pgdata=${draft}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // An update of the operating system cannot change this order, which indexes depend on.
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
    ]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  runAs(
    user,
    join(binaries, "bin", "postgres"),
    ["--single", "-D", draft, "postgres"],
    `CREATE DATABASE ${databaseName}\n`,
  );
  renameSync(draft, join(home, "data"));
}

function runAs(user: SystemUser | undefined, command: string, args: string[], input = ""): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: "/",
    input,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  if (status === 0) return;
  const why = error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-3).join(" ");
  throw new Problem("service/unavailable", `PostgreSQL cannot be set up: ${why}`);
}

/** `postmaster.pid`: process number first, status on line 8 (PostgreSQL, src/include/utils/pidfile.h). */
function readPidFile(data: string): { pid: number; ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/**
 * Clears the way for a start. A server whose host was killed still runs on the data: it is asked to end. A number in
 * `postmaster.pid` that now belongs to another program would stop Postgres from starting: the file is removed. PostgreSQL
 * itself recovers from everything else that was left.
 */
async function endOrphan(data: string): Promise<void> {
  const server = serverOf(data);
  if (server) {
    for (const signal of ["SIGINT", "SIGQUIT"] as const) {
      process.kill(server.pid, signal);
      if (await waitForEnd(server, 10)) return;
    }
  }
  const pid = readPidFile(data)?.pid;
  if (pid !== undefined && identify(pid)) rmSync(join(data, "postmaster.pid"), { force: true });
}

/** The process that serves the data, if there is one. */
function serverOf(data: string): ProcessIdentity | undefined {
  const pid = readPidFile(data)?.pid;
  const identity = pid === undefined ? undefined : identify(pid);
  return identity && commandLine(identity.pid).includes(data) ? identity : undefined;
}

function commandLine(pid: number): string {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout;
}
