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
 * Kills this process and its group when its parent is gone. A computation may block the main thread, which then does not see
 * the end of standard input, for longer than an orphan should live: a thread looks as well.
 * @param parent its process number
 */
export function endGroupWithParent(parent: number): void {
  onParentGone(() => process.kill(-process.pid, "SIGKILL"), { keepAlive: true });
  new Worker(new URL("lifeline-thread.mjs", import.meta.url), { workerData: { parent } }).unref();
}
