import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * This process, so that it can be told from all others, as text: boot of the host, namespace of process numbers, number and
 * start time (proc(5)); where there is no /proc, host and number.
 */
export function ownIdentity(): string {
  const [place, started] = [placeOf(), startOf(process.pid)];
  return place !== undefined && started !== undefined
    ? JSON.stringify({ place, pid: process.pid, started })
    : JSON.stringify({ place: hostname(), pid: process.pid });
}

/** Whether a process is known to have ended: false for one that lives, and for one that nothing here can tell of. */
export function hasEnded(identity: string): boolean {
  const { place, pid, started } = JSON.parse(identity) as { place: string; pid: number; started?: string };
  if (started !== undefined) return place === placeOf() && startOf(pid) !== started;
  if (place !== hostname() || pid === process.pid) return place === hostname();
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

function placeOf(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Start time of a process that runs; a zombie has ended. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields count from after the name, which may hold spaces: state is the first, starttime the twentieth.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
