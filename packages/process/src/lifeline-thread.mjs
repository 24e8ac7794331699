import { workerData } from "node:worker_threads";

// Plain JavaScript: on Node 20 a thread's entry does not go through the loader that strips types.
const parent = Number(workerData.parent);

setInterval(() => {
  if (process.ppid !== parent) process.kill(-process.pid, "SIGKILL");
}, 500);
