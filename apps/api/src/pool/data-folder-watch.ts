import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { DataFolder, DataFolderState } from "@espalier/store";

const everyMs = 5_000;

/** What the last look at the data folder has found. */
export interface DataFolderWatch {
  readonly state: DataFolderState;
  stop(): Promise<void>;
}

/** Looks at the data folder every five seconds. A volume may be mounted late, vanish, fill up, and come back. */
export async function watchDataFolder(
  folder: Pick<DataFolder, "claim" | "path">,
  log: FastifyBaseLogger,
): Promise<DataFolderWatch> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let state: DataFolderState = { type: "away", reason: "It has not been looked at." };

  async function look(): Promise<void> {
    let next: DataFolderState;
    try {
      next = await folder.claim();
    } catch (error) {
      return log.warn({ err: error }, "the data folder could not be checked; trying again");
    }
    if (next.type !== state.type) {
      if (next.type === "ready") log.info({ folder: folder.path }, "the data folder is the pool's");
      else log.error({ folder: folder.path, state: next.type }, next.reason);
    }
    state = next;
  }

  await look();
  const loop = (async () => {
    for (;;) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await look();
    }
  })();
  return {
    get state() {
      return state;
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
