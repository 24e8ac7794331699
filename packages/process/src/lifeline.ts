import { Worker } from "node:worker_threads";

/**
 * Calls `gone` once when the process that started this one no longer holds the other end of standard input, however it ended:
 * the kernel closes the pipe even after SIGKILL.
 * @param keepAlive whether waiting for that keeps a process alive that has nothing else to do
 */
export function onParentGone(gone: () => void, { keepAlive = false }: { keepAlive?: boolean } = {}): void {
  let called = false;
  const call = (): void => {
    if (called) return;
    called = true;
    gone();
  };
  process.stdin.once("end", call).once("close", call).once("error", call);
  process.stdin.resume();
  // The stream of a pipe has `unref`, whatever its type says.
  if (!keepAlive) (process.stdin as { unref?: () => void }).unref?.();
}

/**
 * Kills this process and its group when its parent is gone, or has been silent for so long that the lease it works under may
 * have ended: a supervisor that is frozen can kill nobody, and another worker may get the device. A computation may block the
 * main thread for longer than that, so a thread watches as well.
 * @param parent its process number
 * @param deadlines descriptor on which the parent says, in lines, until when this process may go on, in milliseconds of
 * `monotonicMs`; undefined where no lease is at stake
 */
export function endGroupWithParent(parent: number, deadlines?: number): void {
  onParentGone(() => process.kill(-process.pid, "SIGKILL"), { keepAlive: true });
  new Worker(new URL("lifeline-thread.mjs", import.meta.url), { workerData: { parent, deadlines } }).unref();
}

/** The host's monotonic clock, the same for all of its processes; the wall clock may jump. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
