// Runs one Postgres server and ends it with the process that started this one; PostgreSQL itself does not watch its parent.
// SIGINT is Postgres' fast shutdown: sessions end, a checkpoint is written.
import { spawn } from "node:child_process";
import { onParentGone } from "@espalier/process/lifeline";

const [uid, gid, command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error("usage: postgres-host UID GID COMMAND [ARGUMENTS]");

const server = spawn(command, args, {
  stdio: ["ignore", "inherit", "inherit"],
  cwd: "/",
  ...(uid === "-" ? {} : { uid: Number(uid), gid: Number(gid) }),
});
const stop = (): void => void server.kill("SIGINT");
onParentGone(stop);
process.on("SIGTERM", stop).on("SIGINT", stop);
server.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
server.on("exit", (code, signal) => {
  if (signal) console.error(`postgres ended by ${signal}`);
  process.exit(code ?? 1);
});
