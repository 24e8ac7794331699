import type { Device } from "@espalier/scheduler";
import { partsOf, type Job } from "./job.ts";

const GB = 1e9;
const perWorker = 8;

const padded = (n: number): string => String(n).padStart(5, "0");

/** Workers of eight cards with 80 GB, every fourth one of cards with 24 GB. */
export const clusterOf = (devices: number): Device[] =>
  Array.from({ length: devices }, (_, i) => {
    const worker = Math.floor(i / perWorker);
    return {
      id: `dev_${padded(i)}`,
      workerId: `wrk_${padded(worker)}`,
      kind: "cuda",
      labels: [],
      memoryBytes: (worker % 4 === 3 ? 24 : 80) * GB,
      freeBytes: null,
      state: "schedulable",
    };
  });

/** Whether some worker has the devices that each part of a job asks for, with `margin` on top of its memory. */
export function fitsOn(devices: readonly Device[], job: Job, margin: number): boolean {
  const need = (job.memoryBytes ?? 0) * (1 + margin);
  const most = Math.max(...partsOf(job));
  const byWorker = new Map<string, number>();
  for (const { workerId, memoryBytes } of devices) {
    if (memoryBytes < need) continue;
    const count = (byWorker.get(workerId) ?? 0) + 1;
    if (count >= most) return true;
    byWorker.set(workerId, count);
  }
  return false;
}
