import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, distinct from all others: numbers are used again, number and start time together are not. */
export interface ProcessIdentity {
  /**
   * Where the number counts: boot of the host and namespace of process numbers, or the host's name where there is no /proc.
   * Absent: here.
   */
  place?: string;
  pid: number;
  /** Start time as the system gives it; absent where it gives none. */
  started?: string;
}

/** The process of that number here, or undefined when there is none. A zombie counts as none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  if (started !== undefined) return { place: here(), pid, started };
  return systemGivesStarts() || !processExists(pid) ? undefined : { place: here(), pid };
}

export const ownIdentity = (): ProcessIdentity =>
  identify(process.pid) ?? { place: here(), pid: process.pid };

/** Whether a process is known to run: false for one in another place. */
export const isRunning = (identity: ProcessIdentity): boolean => stateOf(identity) === "running";

/** Whether a process is known to have ended: false for one in another place. */
export const hasEnded = (identity: ProcessIdentity): boolean => stateOf(identity) === "ended";

/** Waits until the process no longer runs here; false when it still does after `seconds`. */
export async function waitForEnd(identity: ProcessIdentity, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; isRunning(identity);) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** Whether any process has this number here, also one of another user. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function stateOf({ place, pid, started }: ProcessIdentity): "running" | "ended" | "unknown" {
  if (place !== undefined && place !== here()) return "unknown";
  if (started !== undefined) return startOf(pid) === started ? "running" : "ended";
  // This process knows itself; another one that had its number has ended.
  return pid !== process.pid && processExists(pid) ? "running" : "ended";
}

function here(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

const systemGivesStarts = (): boolean => startOf(process.pid) !== undefined;

/** Start time of a process that runs, from /proc or else from ps. */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") {
    const { status, stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
    return status === 0 && stdout.trim() ? stdout.trim() : undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields count from after the name, which may hold spaces (proc(5)): state is the first, starttime the twentieth.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
