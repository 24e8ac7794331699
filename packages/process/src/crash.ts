import { Problem } from "@espalier/contract";
import type { SystemRefusal } from "@espalier/contract/compute";

/** How a process ended, and what it last printed. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Last lines of its standard error. */
  stderr: readonly string[];
  /** Processes that the kernel killed for memory while it ran; undefined where nobody counted them. */
  oomKills: number | undefined;
}

const signals: Partial<Record<NodeJS.Signals, string>> = {
  SIGSEGV: "a segmentation fault",
  SIGBUS: "a bus error",
  SIGILL: "an illegal instruction",
  SIGFPE: "an arithmetic fault",
  SIGABRT: "an abort",
};

/** What V8, the C++ library, ONNX Runtime, the C library, CUDA with its libraries, and Vulkan say when memory runs out. */
const outOfMemory = new RegExp(
  [
    "JavaScript heap out of memory",
    "Fatal process out of memory",
    "Array buffer allocation failed",
    "bad_alloc",
    // A thread that cannot start, because there is no room for its stack (pthread_create, EAGAIN).
    "what\\(\\):\\s+Resource temporarily unavailable",
    "bad allocation",
    "Failed to allocate memory",
    "Cannot allocate memory",
    "CUDA out of memory",
    "cudaErrorMemoryAllocation",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CU(BLAS|DNN)_STATUS_ALLOC_FAILED",
    "Available memory of \\d+ is smaller than requested bytes",
    "VK_ERROR_OUT_OF_(DEVICE|HOST)_MEMORY",
  ].join("|"),
);

const diskFull = /\bENOSPC\b|\bEDQUOT\b|No space left on device|Disk quota exceeded/;
const freeSpace = "The worker's disk is full; free space in its scratch folder.";

/** Turns the unexpected end of a compute process into a problem that names the cause. */
export function explainCrash({ code, signal, stderr, oomKills }: Ending): Problem {
  const last = stderr.filter((line) => line.trim() !== "").slice(-5);
  const printed = last.length === 0 ? "" : ` It last printed: ${last.join(" | ").slice(0, 800)}`;
  if (signal === "SIGKILL" && oomKills !== undefined && oomKills > 0) {
    return new Problem(
      "device/out-of-memory",
      `The kernel killed the compute process because memory ran out.${printed}`,
    );
  }
  if (stderr.some((line) => outOfMemory.test(line)))
    return new Problem("device/out-of-memory", `The compute process ran out of memory.${printed}`);
  if (stderr.some((line) => diskFull.test(line)))
    return new Problem("worker/disk-full", `${freeSpace}${printed}`);
  const meaning =
    signal === "SIGKILL" && oomKills === undefined ? "most likely because memory ran out" : signals[signal!];
  const how =
    signal === null ? `with exit code ${code ?? "unknown"}` : `by ${signal}${meaning ? `, ${meaning}` : ""}`;
  return new Problem("worker/child-crashed", `The compute process ended ${how}.${printed}`);
}

/** Turns an exception of a computation into a problem that names the cause. */
export function explainError(error: unknown): Problem {
  if (!(error instanceof Error)) return new Problem("internal/error", String(error));
  const options = { cause: error };
  const chain = [...causes(error)];
  const codes = chain.map((each) => ("code" in each ? each.code : undefined));
  if (codes.includes("ENOSPC") || codes.includes("EDQUOT"))
    return new Problem("worker/disk-full", freeSpace, {}, options);
  if (
    codes.includes("ENOMEM") ||
    chain.some(({ name, message }) => name === "OutOfMemory" || outOfMemory.test(message))
  )
    return new Problem(
      "device/out-of-memory",
      `The device ran out of memory: ${error.message}.`,
      {},
      options,
    );
  return new Problem("internal/error", `${error.name}: ${error.message}`, {}, options);
}

/** What a system refuses without a fault of the program: permissions, room, and limits of its user. */
const refusals = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EMFILE", "ENAMETOOLONG"]);

/** The refusal of the system that an exception comes from; undefined for all others. */
export function refusalOf(error: unknown): SystemRefusal | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const { code, path } of causes(error) as Iterable<NodeJS.ErrnoException>)
    if (code !== undefined && refusals.has(code)) return { code, ...(path !== undefined && { path }) };
  return undefined;
}

/** The error and what caused it. */
function* causes(error: Error): Generator<Error> {
  for (let each: unknown = error; each instanceof Error; each = each.cause) yield each;
}
