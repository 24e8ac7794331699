import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { databaseUser } from "../../apps/cli/src/stack/system-user.ts";

const command = ["pgbouncer", "/usr/sbin/pgbouncer"].find(
  (each) => spawnSync(each, ["--version"]).status === 0,
);

/** Why there is no PgBouncer; undefined when there is one. */
export const noPgBouncer =
  command === undefined ? "pgbouncer is not installed (Debian: pgbouncer)" : undefined;

/**
 * Starts a PgBouncer in transaction mode before a server. It has two connections to it, so that the transactions of one client
 * often meet different ones, and no prepared statements, as every version before 1.21.
 */
export async function startPgBouncer(
  serverUrl: string,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = new URL(serverUrl);
  const [folder, port] = [await mkdtemp(join(tmpdir(), "espalier-pgbouncer-")), await freePort()];
  const file = join(folder, "pgbouncer.ini");
  await writeFile(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port} user=${server.username} password='${decodeURIComponent(server.password)}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`,
  );
  const user = databaseUser();
  await chmod(folder, 0o755);
  if (user) chownSync(file, user.uid, user.gid);
  const child = spawn(command!, ["-q", file], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  for (const until = Date.now() + 30_000; !(await answers(port)); await sleep(20))
    if (child.exitCode !== null || Date.now() > until) throw new Error(`PgBouncer did not start:\n${said}`);
  const url = new URL(serverUrl);
  url.port = String(port);
  return {
    url: url.href,
    close: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
