import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { DataFolder, DataFolderState } from "@espalier/store";

const everyMs = 5_000;

/** What the last look at the data folder has found, and since when it is so. */
export interface DataFolderSeen {
  readonly path: string;
  readonly state: DataFolderState;
  readonly since: Date;
}

export interface DataFolderWatch {
  readonly seen: DataFolderSeen;
  stop(): Promise<void>;
}

/** Looks at the data folder every five seconds. A volume may be mounted late, vanish, fill up, and come back. */
export async function watchDataFolder(
  folder: Pick<DataFolder, "claim" | "path">,
  log: FastifyBaseLogger,
): Promise<DataFolderWatch> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { path } = folder;
  let seen: DataFolderSeen = {
    path,
    state: { type: "away", reason: "It has not been looked at." },
    since: new Date(),
  };

  async function look(): Promise<void> {
    let next: DataFolderState;
    try {
      next = await folder.claim();
    } catch (error) {
      return log.warn({ err: error }, "the data folder could not be checked; trying again");
    }
    const changed = next.type !== seen.state.type;
    if (changed && next.type === "ready") log.info({ folder: path }, "the data folder is the pool's");
    else if (changed && next.type !== "ready") log.error({ folder: path, state: next.type }, next.reason);
    seen = { path, state: next, since: changed ? new Date() : seen.since };
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
    get seen() {
      return seen;
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
