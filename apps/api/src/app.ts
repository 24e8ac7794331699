import { openDeliveryQueues } from "@espalier/queue";
import { migrate, openStore } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "./config.ts";
import { startSchedulerThread } from "./scheduler/thread/thread.ts";
import { startJanitor } from "./janitor.ts";
import { buildServer } from "./server.ts";
import { version } from "./version.ts";

export interface App {
  /** Where it listens, with the port that it got. */
  url: string;
  /** Stops in reverse order: no new requests, no new releases, then the connections. */
  stop(): Promise<void>;
}

/** Wires the API: migrated store, queue, scheduler in its thread, server. The only place that knows them all. */
export async function startApp(config: Config, log: FastifyBaseLogger): Promise<App> {
  const { migrations, repeatables } = await migrate(config.databaseUrl);
  if (migrations.length > 0 || repeatables === "applied")
    log.info({ migrations, repeatables }, "database migrated");
  if (repeatables === "newer")
    log.warn("a newer version has migrated the database; its functions, views and triggers stay");
  const { databaseUrl, data: bytesRoot, secret, lease } = config;
  const store = await openStore({ databaseUrl, bytesRoot, secret, lease });
  const team = await store.teams.ensure("default");
  if (config.bootstrapKey !== undefined)
    await store.teams.createKey(team.id, "first", config.bootstrapKey, "operator");
  const queue = await openDeliveryQueues(config);
  const scheduler = await startSchedulerThread(config);
  const janitor = startJanitor(store, log);
  const server = await buildServer({
    store,
    queue: () => queue.ping(),
    log,
    version,
    maxFileBytes: config.maxFileBytes,
    maxDatasetBytes: config.maxDatasetBytes,
  });
  const url = await server.listen({ host: config.host, port: config.port });
  return {
    url,
    async stop() {
      await server.close();
      janitor.stop();
      await scheduler.stop();
      await queue.close();
      await store.close();
    },
  };
}
