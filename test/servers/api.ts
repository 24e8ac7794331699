import { pino } from "pino";
import { defaultLimits } from "../../apps/api/src/limits/limits.ts";
import { openPoster } from "../../apps/api/src/webhooks/poster.ts";
import type { TestStore } from "./store.ts";
import { buildServer, type ServerOptions } from "../../apps/api/src/server.ts";

/** Tests ask more, and fail more often to sign in, than a client does in a minute. */
const generousLimits = {
  ...defaultLimits,
  requestsPerKey: 1e9,
  requestsPerAddress: 1e9,
  failedSignIns: 1e9,
  failureDelayMs: 0,
};

/** Options of a silent server whose data folder and queues are well. */
export function serverOptions(store: ServerOptions["store"], maxBytes = 1e6): ServerOptions {
  const since = new Date();
  return {
    store,
    queue: () => Promise.resolve(),
    queueServer: "postgres",
    pooled: false,
    poster: openPoster({ webhookOrigins: [], proxy: { http: "", https: "", no: "" } }),
    dataFolder: () => ({
      path: store.dataFolder.path,
      state: { type: "ready", freeBytes: 1e9, totalBytes: 1e9 },
      since,
    }),
    log: pino({ level: "silent" }),
    version: "0",
    maxFileBytes: maxBytes,
    maxDatasetBytes: maxBytes,
    limits: generousLimits,
    sessions: { lasts: 12 * 3600, idle: 2 * 3600 },
  };
}

/**
 * The API alone, silent and on loopback: no scheduler, and nothing is told to a queue. Of a test's store it gets what an API gets.
 */
export async function listen(store: ServerOptions["store"] | TestStore, more: Partial<ServerOptions> = {}) {
  const app = await buildServer({ ...serverOptions("served" in store ? store.served : store), ...more });
  return { app, url: await app.listen({ host: "127.0.0.1", port: 0 }) };
}
