import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import type { Measurement } from "@espalier/contract";
import { readCgroupLimits } from "./cgroup.ts";
import { known } from "./known.ts";

/** The CPU as this process may use it. */
export interface Processor {
  model: string;
  /** Threads that can run at once: cores, or what a control group's quota is worth. */
  cores: number;
  memoryBytes: number;
}

/** @param root file system root, for tests */
export async function readProcessor(root = "/"): Promise<Processor> {
  const { memoryBytes = Infinity, processors = Infinity } = await readCgroupLimits(root);
  return {
    model: cpus()[0]?.model.trim() || process.arch,
    cores: Math.max(1, Math.min(availableParallelism(), Math.floor(processors))),
    memoryBytes: Math.min(memoryBytes, totalmem()),
  };
}

/** Measures the CPU; its use is that of the time since the last measurement, by everybody on the host. */
export class ProcessorMeter {
  #last = times();

  async measure(root = "/"): Promise<Measurement> {
    const { freeBytes = Infinity } = await readCgroupLimits(root);
    const meminfo = await readFile(join(root, "proc/meminfo"), "utf8").catch(() => "");
    const available = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? Number.NaN) * 1024;
    const now = times();
    const [busy, all] = [now.busy - this.#last.busy, now.all - this.#last.all];
    this.#last = now;
    return {
      freeBytes: Math.min(freeBytes, Number.isNaN(available) ? freemem() : available),
      ...known({ utilization: all > 0 ? Math.round((100 * busy) / all) : undefined }),
    };
  }
}

/** Milliseconds of all processors since the host started. */
function times(): { busy: number; all: number } {
  let [busy, idle] = [0, 0];
  for (const { times: each } of cpus()) {
    busy += each.user + each.nice + each.sys + each.irq;
    idle += each.idle;
  }
  return { busy, all: busy + idle };
}
