import { readFile, readlink } from "node:fs/promises";
import type { GpuProcess } from "./nvidia-partitions.ts";

/** The kernel's first namespace of process numbers (PROC_PID_INIT_INO in linux/proc_ns.h): the one of the host. */
const hostNamespace = "pid:[4026531836]";

export interface ProcessesOptions {
  /** Processes that descend from this one are ours; default: this process. */
  root?: number;
  /** Default `/proc`. */
  proc?: string;
}

/** Distinguishes our own processes on a card from foreign ones. */
export class Processes {
  readonly #root: number;
  readonly #proc: string;
  /** Numbers that the kernel did not know the last time: a process that ends is listed a moment longer. */
  #ending = new Set<number>();

  constructor({ root = process.pid, proc = "/proc" }: ProcessesOptions = {}) {
    this.#root = root;
    this.#proc = proc;
  }

  /**
   * The processes that are not ours. In a container with process numbers of its own, a driver may give the host's numbers, which
   * nothing here can be matched with; so while we compute on a card (`busy`), none of its processes counts as foreign there.
   * @param lists processes of each card
   */
  async foreign(
    lists: readonly { processes: readonly GpuProcess[]; busy: boolean }[],
  ): Promise<GpuProcess[][]> {
    const numbersMatch = await this.#numbersMatch();
    const ending = new Set<number>();
    const foreign: GpuProcess[][] = [];
    for (const { processes, busy } of lists) {
      const found: GpuProcess[] = [];
      for (const process of processes) {
        const whose = await this.#whose(process.pid);
        if (whose === "ours") continue;
        if (whose === "unknown") ending.add(process.pid);
        if (!numbersMatch && busy) continue;
        if (whose === "unknown" && numbersMatch && !this.#ending.has(process.pid)) continue;
        found.push(process);
      }
      foreign.push(found);
    }
    this.#ending = ending;
    return foreign;
  }

  async #numbersMatch(): Promise<boolean> {
    try {
      return (await readlink(`${this.#proc}/self/ns/pid`)) === hostNamespace;
    } catch {
      // Not Linux, or hidden: there are no containers, or nothing is known.
      return process.platform !== "linux";
    }
  }

  async #whose(pid: number): Promise<"ours" | "foreign" | "unknown"> {
    for (let current = pid, steps = 0; steps < 64; steps++) {
      if (current === this.#root) return "ours";
      if (current <= 1) return "foreign";
      const stat = await readFile(`${this.#proc}/${current}/stat`, "utf8").catch(() => undefined);
      if (stat === undefined) return current === pid ? "unknown" : "foreign";
      // The name, in parentheses, may hold spaces and parentheses; ppid is the second field after it (proc(5)).
      current = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    }
    return "foreign";
  }
}
