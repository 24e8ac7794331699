import { isProblem, poolSizes } from "@espalier/contract";
import { openDeliveryQueues } from "@espalier/queue";
import { openStore } from "@espalier/store";
import { pino } from "pino";
import { startWorker, type WorkerAppOptions } from "./app.ts";
import type { Config } from "./config.ts";
import { untilReady } from "./pool/until-ready.ts";

/**
 * The life of a worker process: waits for its servers, takes runs until a signal or a namesake ends it, and exits.
 * @param options for a process that starts other compute processes than `main.ts`
 */
export async function serve(
  config: Config,
  options: Pick<WorkerAppOptions, "computeEntry"> = {},
): Promise<void> {
  const { databaseUrl, sessionUrl, redisUrl, dataFolder, leastFreeData, secret, previousSecrets, lease } =
    config;
  const log = pino({ level: config.logLevel, base: { worker: config.name, pid: process.pid } });
  let asked = false;
  let stop = (): Promise<void> => Promise.resolve();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (asked) return;
      asked = true;
      // A server that is away must not keep this process: leases run out by themselves.
      setTimeout(() => process.exit(0), (config.graceSeconds + 3) * 1000).unref();
      void stop().finally(() => process.exit(0));
    });
  }

  const store = await untilReady(log, () =>
    openStore({
      databaseUrl,
      sessionUrl,
      application: "espalier-worker",
      role: "worker",
      poolSize: poolSizes.worker,
      bytesRoot: dataFolder,
      makeBytesRoot: false,
      leastFreeBytes: leastFreeData,
      secret,
      previousSecrets,
      lease,
    }),
  );
  const queue = await untilReady(log, () =>
    openDeliveryQueues(
      { databaseUrl, sessionUrl, redisUrl },
      {
        lockMs: lease.lease * 1000,
        onError: (error) => log.warn({ err: error }, "the queue reports an error"),
      },
    ),
  );
  const app = await untilReady(log, () => startWorker({ config, store, queue, log, ...options })).catch(
    (error: unknown) => {
      log.fatal(isProblem(error) ? { code: error.code, ...error.facts } : { err: error }, String(error));
      process.exit(1);
    },
  );
  stop = async () => {
    await app.stop();
    await Promise.all([queue.close(), store.close()]);
  };
  if (asked) void stop().finally(() => process.exit(0));
  void app.superseded.then(() => {
    if (asked) return;
    log.fatal("another worker has this one's name; give one of them another ESPALIER_WORKER_NAME");
    setTimeout(() => process.exit(1), (config.graceSeconds + 3) * 1000).unref();
    void stop().finally(() => process.exit(1));
  });
}
