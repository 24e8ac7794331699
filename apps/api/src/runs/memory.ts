import {
  fitMemory,
  isProblem,
  predictMemory,
  Problem,
  type ModelSize,
  type Needs,
  type RunSpec,
} from "@espalier/contract";
import { defaultPolicy } from "@espalier/scheduler";
import type { Store } from "@espalier/store";

/** What a run can have of the memory of a device. */
export interface Room {
  /** Of the largest device that may take it, less the scheduler's margin; undefined: not known, or there is no device yet. */
  mostBytes: number | undefined;
  /** JSON pointer to the run's needs. */
  field: string;
}

export async function mostBytesOf(
  store: Pick<Store, "workers">,
  { kinds = [] }: Needs = {},
): Promise<number | undefined> {
  const most = await store.workers.mostMemory(kinds);
  return most === undefined ? undefined : most / (1 + defaultPolicy.memoryMargin);
}

/**
 * The peak of a run on each device, in bytes: within what it says that it may take, and where it says nothing with the largest chunk
 * for which the pool has a device. Undefined while nothing is known of its model.
 * @throws {Problem} `run/does-not-fit` where no chunk is small enough
 */
export function predictWithin(
  { spec, needs = {} }: { spec: RunSpec; needs?: Needs | undefined },
  size: ModelSize | undefined,
  { mostBytes, field }: Room,
): number | undefined {
  const whole = predictMemory(spec, size);
  if (size === undefined || whole === undefined) return whole;
  const { memoryBytes } = needs;
  try {
    if (memoryBytes !== undefined) return fitMemory(spec, size, memoryBytes)?.bytes ?? whole;
    if (mostBytes === undefined || whole <= mostBytes) return whole;
    return predictMemory(spec, size, fitMemory(spec, size, mostBytes)?.chunkTokens);
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw new Problem(error.code, error.message, { ...error.facts, field: `${field}/memoryBytes` });
  }
}
