/**
 * Calls `gone` once when the process that started this one no longer holds the other end of stdin, however it ended:
 * the kernel closes the pipe even after SIGKILL.
 */
export function onParentGone(gone: () => void): void {
  let called = false;
  const call = (): void => {
    if (called) return;
    called = true;
    gone();
  };
  process.stdin.once("end", call).once("close", call).once("error", call);
  process.stdin.resume();
  // A pipe's stream has `unref`: watching must not keep a finished process alive.
  (process.stdin as { unref?: () => void }).unref?.();
}

/** Seconds that a process gets for a clean end before it is killed. */
export const graceSeconds = 12;
