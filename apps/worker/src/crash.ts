import { readFileSync } from "node:fs";
import { Problem } from "@espalier/contract";

/** How a process ended, and what it last printed. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Last lines of its standard error. */
  stderr: readonly string[];
  /** Processes that the kernel killed for memory on this host while it ran. */
  oomKills: number;
}

const signals: Partial<Record<NodeJS.Signals, string>> = {
  SIGSEGV: "a segmentation fault",
  SIGBUS: "a bus error",
  SIGILL: "an illegal instruction",
  SIGFPE: "an arithmetic fault",
  SIGABRT: "an abort",
};

const outOfMemory =
  /JavaScript heap out of memory|std::bad_alloc|Failed to allocate memory|Cannot allocate memory/;

/** The problem that an unexpected end of a compute process is, with its cause in words. */
export function explainCrash({ code, signal, stderr, oomKills }: Ending): Problem {
  const last = stderr.filter((line) => line.trim() !== "").slice(-5);
  const printed = last.length === 0 ? "" : ` It last printed: ${last.join(" | ").slice(0, 800)}`;
  if (signal === "SIGKILL" && oomKills > 0) {
    return new Problem(
      "device/out-of-memory",
      `The kernel killed the compute process because memory ran out.${printed}`,
    );
  }
  if (stderr.some((line) => outOfMemory.test(line)))
    return new Problem("device/out-of-memory", `The compute process ran out of memory.${printed}`);
  const how =
    signal === null
      ? `with exit code ${code ?? "unknown"}`
      : `by ${signal}${signals[signal] ? `, ${signals[signal]}` : ""}`;
  return new Problem("worker/child-crashed", `The compute process ended ${how}.${printed}`);
}

/** How many processes the kernel has killed for memory since the host started; 0 where it does not say (proc_vmstat). */
export function countOomKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The problem that an exception of a computation is. */
export function explainError(error: unknown): Problem {
  if (!(error instanceof Error)) return new Problem("internal/error", String(error));
  if ("code" in error && error.code === "ENOSPC") {
    return new Problem(
      "worker/disk-full",
      "The worker's disk is full; free space in its scratch folder.",
      {},
      {
        cause: error,
      },
    );
  }
  if (
    error.name === "OutOfMemory" ||
    outOfMemory.test(error.message) ||
    /Array buffer allocation failed/.test(error.message)
  ) {
    return new Problem(
      "device/out-of-memory",
      `The device ran out of memory: ${error.message}`,
      {},
      { cause: error },
    );
  }
  return new Problem("internal/error", `${error.name}: ${error.message}`, {}, { cause: error });
}
