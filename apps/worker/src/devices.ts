import { availableParallelism, cpus, totalmem } from "node:os";
import type { Device } from "@espalier/contract";

/** What this process may compute on. Memory is what its container allows, where it sets a limit. */
export function findDevices(engine: string, threads?: number): Omit<Device, "id" | "runId">[] {
  const model = cpus()[0]?.model.trim() ?? process.arch;
  const cores = threads ?? availableParallelism();
  const limit = process.constrainedMemory();
  return [
    {
      kind: "cpu",
      name: `${model}, ${cores} ${cores === 1 ? "core" : "cores"}`,
      engine,
      memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    },
  ];
}
