import { startApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { openLog } from "./log.ts";
import { makeOwner, migrateDatabase } from "./migrate.ts";

const config = readConfig(process.env);
const log = openLog(config.logLevel);

try {
  const once = { migrate: () => migrateDatabase(config, log), owner: () => makeOwner(config) };
  const asked = process.argv[2];
  if (asked === "migrate" || asked === "owner") {
    await once[asked]();
    process.exit(0);
  }
  const app = await startApp(config, log);
  log.info({ url: app.url }, "ready");
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, "stopping");
      void app.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, "stopping failed");
          process.exit(1);
        },
      );
    });
  }
} catch (error) {
  log.fatal({ err: error }, "start failed");
  process.exit(1);
}
