import { readdir, readFile } from "node:fs/promises";
import type { Store } from "../../packages/store/src/index.ts";

/** Processor time of the postmaster's processes so far, also of those that have ended. */
export async function serverCpuMs(store: Store): Promise<number> {
  const postmaster = await store.transaction(async (tx) => {
    const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
    return (await stat(rows[0].pid)).parent;
  });
  let ticks = 0;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const process = await stat(Number(name)).catch(() => undefined);
    if (process?.parent === postmaster) ticks += process.own;
    if (Number(name) === postmaster) ticks += process!.own + process!.ended;
  }
  // USER_HZ is 100 on every Linux (proc(5)).
  return ticks * 10;
}

/** Of proc(5)'s `stat`: ppid, utime + stime, and cutime + cstime, in ticks. */
async function stat(pid: number): Promise<{ parent: number; own: number; ended: number }> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return { parent: fields[1], own: fields[11] + fields[12], ended: fields[13] + fields[14] };
}
