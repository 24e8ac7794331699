import { Socket } from "node:net";
import { workerData } from "node:worker_threads";

// Plain JavaScript: on Node 20 a thread's entry does not go through the loader that strips types.
const { parent, deadlines } = workerData;

/** Milliseconds of the host's monotonic clock, which all of its processes share, until which this one may go on. */
let until = Infinity;
const now = () => Number(process.hrtime.bigint() / 1_000_000n);

if (deadlines !== undefined) {
  let rest = "";
  // A socket belongs to the loop of this thread, so it is read also while the main thread computes.
  new Socket({ fd: deadlines, readable: true, writable: false })
    .setEncoding("utf8")
    .on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      if (lines.length > 0) until = Number(lines.at(-1));
    })
    // The supervisor is gone, which the parent's number tells.
    .on("error", () => undefined)
    .unref();
}

setInterval(() => {
  if (process.ppid !== parent || now() > until) process.kill(-process.pid, "SIGKILL");
}, 500);
