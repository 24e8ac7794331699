import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { poolSizes } from "@espalier/contract";
import { openDeliveryQueues } from "@espalier/queue";
import { openStore } from "@espalier/store";
import { pino } from "pino";
import type { Config } from "../../config.ts";
import { noteAlerts } from "../../pool/document.ts";
import { startScheduler } from "../scheduler.ts";

const { databaseUrl, sessionUrl, redisUrl, data: bytesRoot, secret, lease, logLevel } = workerData as Config;
const log = pino({ level: logLevel });

const store = await openStore({
  databaseUrl,
  sessionUrl,
  application: "espalier-scheduler",
  role: "pool",
  poolSize: poolSizes.scheduler,
  bytesRoot,
  secret,
  lease,
});
const queue = await openDeliveryQueues({ databaseUrl, sessionUrl, redisUrl });
const scheduler = startScheduler({
  store,
  log,
  reconcileMs: (lease.lease * 2_000) / 9,
  redeliverSeconds: (lease.lease * 2) / 3,
  noteAlerts: () =>
    noteAlerts({
      store,
      queueServer: redisUrl === undefined ? "postgres" : "redis",
      pooled: sessionUrl !== undefined,
    }),
  ring: ({ worker, ...delivery }) => queue.add(worker, delivery),
});

parentPort!.postMessage("ready");
await once(parentPort!, "message");
await scheduler.stop();
await queue.close();
await store.close();
process.exit(0);
