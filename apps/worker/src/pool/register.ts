import { isProblem, type Worker } from "@espalier/contract";
import type { NewWorker, Store } from "@espalier/store";
import { hasEnded, type ProcessIdentity } from "@espalier/process";

/**
 * Registers this process. A worker of the same name that is known to be dead, because it was a process of this host that
 * has ended, makes room at once; any other has to be silent for as long as a lease lasts.
 * @throws {Problem} as `Workers.register`
 */
export async function register({ workers }: Pick<Store, "workers">, worker: NewWorker): Promise<Worker> {
  try {
    return await workers.register(worker);
  } catch (error) {
    if (!isProblem(error) || error.code !== "resource/conflict") throw error;
    const holder = await workers.holder(worker.name);
    // This very process has the name: the answer to a first try was lost.
    const own = holder?.process !== undefined && holder.process === worker.process;
    if (holder && !own && !isKnownDead(holder.process)) throw error;
    if (holder) await workers.stop(holder.id);
    return workers.register(worker);
  }
}

/** @param process identity as JSON, as the worker has registered it */
const isKnownDead = (process: string | undefined): boolean =>
  process !== undefined && hasEnded(JSON.parse(process) as ProcessIdentity);
