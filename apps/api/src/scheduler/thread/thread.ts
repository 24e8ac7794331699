import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { builtProgram } from "@espalier/process";
import type { Config } from "../../config.ts";
import type { Scheduler } from "../scheduler.ts";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const entry = builtProgram(beside("main.ts")) ?? beside("entry.mjs");

/**
 * Runs the scheduler in a thread with connections of its own: a pass over thousands of queued runs computes for tens of
 * milliseconds at a stretch, in which requests would wait. What the thread does not catch ends the process, as anything
 * uncaught does.
 */
export async function startSchedulerThread(config: Config): Promise<Scheduler> {
  const thread = new Worker(entry, { workerData: config });
  await once(thread, "message");
  return {
    async stop() {
      const ended = once(thread, "exit");
      thread.postMessage("stop");
      await ended;
    },
  };
}
