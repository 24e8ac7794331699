import { poolSizes } from "@espalier/contract";
import { openDeliveryQueues } from "@espalier/queue";
import { openStore } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "./config.ts";
import { bootstrap } from "./auth/bootstrap.ts";
import { ConnectionWatch } from "./connections.ts";
import { readDashboard } from "./dashboard/files.ts";
import { startSchedulerThread } from "./scheduler/thread/thread.ts";
import { startJanitor } from "./janitor.ts";
import { migrateDatabase } from "./migrate.ts";
import { watchDataFolder } from "./pool/data-folder-watch.ts";
import { Provider } from "./oidc/provider.ts";
import { buildServer } from "./server.ts";
import { openPoster } from "./webhooks/poster.ts";
import { startSender } from "./webhooks/sender.ts";
import { version } from "./version.ts";

export interface App {
  /** The address at which it listens, with the port that it got. */
  url: string;
  /** Stops in this order: requests, the janitor, the scheduler, and the connections. */
  stop(): Promise<void>;
}

/**
 * Puts the API together: the migrated store, the delivery queues, the scheduler in its thread, and the server. No other
 * place knows all of them.
 */
export async function startApp(config: Config, log: FastifyBaseLogger): Promise<App> {
  await migrateDatabase(config, log);
  const { databaseUrl, sessionUrl, data: bytesRoot, leastFreeData: leastFreeBytes, lease } = config;
  const { secret, previousSecrets } = config;
  const store = await openStore({
    databaseUrl,
    sessionUrl,
    application: "espalier-api",
    role: "api",
    poolSize: poolSizes.api,
    bytesRoot,
    leastFreeBytes,
    secret,
    previousSecrets,
    lease,
  });
  const resealed = await store.resealAll();
  if (resealed > 0) log.info({ resealed }, "sealed with ESPALIER_SECRET what an earlier one had sealed");
  const dataFolder = await watchDataFolder(store.dataFolder, log);
  const team = await store.teams.ensure("default");
  if (config.bootstrapKey !== undefined) await bootstrap(store, team.id, config.bootstrapKey, log);
  const queue = await openDeliveryQueues(config);
  const scheduler = await startSchedulerThread(config);
  const janitor = startJanitor(store, log);
  const poster = openPoster(config);
  const sender = startSender({ store, poster, log });
  const queueServer = config.redisUrl === undefined ? "postgres" : "redis";
  const pooled = sessionUrl !== undefined;
  const server = await buildServer({
    store,
    queue: () => queue.ping(),
    queueServer,
    pooled,
    poster,
    dataFolder: () => dataFolder.seen,
    log,
    version,
    maxFileBytes: config.maxFileBytes,
    maxDatasetBytes: config.maxDatasetBytes,
    instance: config.instance,
    limits: config.limits,
    trustedProxies: config.trustedProxies,
    dashboard: readDashboard(),
    basePath: config.basePath,
    publicOrigin: config.publicOrigin,
    sessions: config.sessions,
    provider: config.oidc && new Provider(config.oidc, config),
  });
  const url = await server.listen({ host: config.host, port: config.port });
  const connections = new ConnectionWatch(store, { queueServer, pooled }, log);
  await connections.look();
  connections.watch();
  return {
    url,
    async stop() {
      await server.close();
      await connections.stop();
      await janitor.stop();
      // Ends what is being sent: another API, or this one when it is back, sends it again.
      const sent = sender.stop();
      await poster.close();
      await sent;
      await dataFolder.stop();
      await scheduler.stop();
      await queue.close();
      await store.close();
    },
  };
}
