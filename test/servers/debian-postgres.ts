import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { databaseUser } from "../../apps/cli/src/stack/system-user.ts";

const versions = "/usr/lib/postgresql";

/** Folder of a server's programs together with `pg_dump` of the same version, which the embedded PostgreSQL does not bring. */
export const debianPostgres: string | undefined = (existsSync(versions) ? readdirSync(versions) : [])
  .map((version) => join(versions, version, "bin"))
  .find((bin) => ["initdb", "pg_ctl", "pg_dump", "pg_restore"].every((name) => existsSync(join(bin, name))));

/** Starts a server on a new cluster with one empty database; whoever reaches loopback may enter. */
export async function startDebianPostgres(): Promise<{ url: string; remove: () => void }> {
  const user = databaseUser();
  const folder = mkdtempSync(join(tmpdir(), "espalier-cluster-"));
  if (user) chownSync(folder, user.uid, user.gid);
  const run = (name: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(join(debianPostgres!, name), args, {
      cwd: "/",
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
  };
  const [port, data] = [await freePort(), join(folder, "data")];
  run(
    "initdb",
    `--pgdata=${data}`,
    "--username=espalier",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  );
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run(
    "pg_ctl",
    "start",
    "--wait",
    `--pgdata=${data}`,
    `--log=${join(folder, "log")}`,
    `--options=${settings}`,
  );
  return {
    url: `postgresql://espalier@127.0.0.1:${port}/postgres`,
    remove: () => {
      run("pg_ctl", "stop", "--wait", "--mode=immediate", `--pgdata=${data}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
