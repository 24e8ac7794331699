import { workerData } from "node:worker_threads";

/**
 * A thread that ends its process when the supervisor is gone. The end of standard input says so too, but a computation
 * may block the main thread for longer than an orphan should live. Plain JavaScript: on Node 20 a thread's entry does
 * not go through the loader that strips types.
 */
const supervisor = Number(workerData.supervisor);

setInterval(() => {
  if (process.ppid !== supervisor) process.kill(-process.pid, "SIGKILL");
}, 500);
