import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process by number and start time: numbers are used again, the pair is not. */
export interface ProcessIdentity {
  pid: number;
  started: string;
}

/** Identity of a process, or undefined when there is none of that number. A zombie counts as none. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The name, in parentheses, may hold spaces; fields count from after it (proc(5): state is 3, starttime 22).
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : { pid, started: fields[19] ?? "" };
    } catch {
      return undefined;
    }
  }
  const { status, stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return status === 0 && stdout.trim() ? { pid, started: stdout.trim() } : undefined;
}

export const isAlive = ({ pid, started }: ProcessIdentity): boolean => identify(pid)?.started === started;

/** Waits until the process is gone; false when it is still there after `seconds`. */
export async function waitForEnd(identity: ProcessIdentity, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; isAlive(identity);) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
