import { setTimeout as sleep } from "node:timers/promises";
import { alertRows, apiPoolSize } from "@espalier/contract";
import type { FastifyBaseLogger } from "fastify";
import type { Store } from "@espalier/store";
import { processesOf } from "./pool/alerts.ts";
import { connectionsOf, type PoolSources } from "./pool/document.ts";

const everyMs = 30_000;

/**
 * Sees to it that requests leave connections for runs: where the server has not enough for all that APIs and workers may hold,
 * this API takes fewer. Says so in one line of the log, at the start and whenever it changes.
 */
export class ConnectionWatch {
  readonly #store: Pick<Store, "connections" | "limitConnections">;
  readonly #where: Pick<PoolSources, "queueServer" | "pooled">;
  readonly #log: FastifyBaseLogger;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #said: number | undefined;

  constructor(
    store: Pick<Store, "connections" | "limitConnections">,
    where: Pick<PoolSources, "queueServer" | "pooled">,
    log: FastifyBaseLogger,
  ) {
    this.#store = store;
    this.#where = where;
    this.#log = log;
  }

  /** Counts now. Never rejects. */
  async look(): Promise<void> {
    let connections;
    try {
      connections = connectionsOf({ connections: await this.#store.connections() }, this.#where);
    } catch (error) {
      // There may be no connection left to count them by: then the others need them more.
      this.#store.limitConnections(apiPoolSize({ ...this.#ofPool, apis: 1, workers: 1, allowed: 0 }));
      this.#said = undefined;
      return this.#log.warn({ err: error }, "the connections of the database were not counted");
    }
    const { allowed, needed, apis, workers } = connections;
    const most = apiPoolSize({ ...this.#ofPool, apis, workers, allowed });
    this.#store.limitConnections(most);
    if (this.#said === most) return;
    this.#said = most;
    const facts = { allowed, needed, apis, workers, most };
    if (needed <= allowed) return this.#log.info(facts, "the database has enough connections");
    const { message, action } = alertRows["connections-short"];
    const said = { ...connections, processes: processesOf(connections) };
    this.#log.warn(facts, `${message(said)} ${action(said)} Until then this API takes ${most} for requests.`);
  }

  get #ofPool() {
    return { queue: this.#where.queueServer, pooled: this.#where.pooled };
  }

  /** Counts again and again. */
  watch(): void {
    const { signal } = this.#stopping;
    this.#loop ??= (async () => {
      for (;;) {
        await sleep(everyMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        await this.look();
      }
    })();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }
}
