import { pino } from "pino";
import { buildServer, type ServerOptions } from "../../apps/api/src/server.ts";

/** The API alone, silent and on loopback: no scheduler, and nothing is told to a queue. */
export async function listen(store: ServerOptions["store"], maxBytes = 1e6) {
  const app = await buildServer({
    store,
    queue: () => Promise.resolve(),
    dataFolder: () => ({ type: "ready", freeBytes: 1e9, totalBytes: 1e9 }),
    log: pino({ level: "silent" }),
    version: "0",
    maxFileBytes: maxBytes,
    maxDatasetBytes: maxBytes,
  });
  return { app, url: await app.listen({ host: "127.0.0.1", port: 0 }) };
}
