import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe } from "vitest";
import { startPostgres } from "../../../test/servers/postgres.ts";
import { noRedis, startRedis } from "../../../test/servers/redis.ts";
import { testQueue, type QueueServer } from "./conformance.ts";
import { openQueue, type QueueLocation } from "./open.ts";

const holder = fileURLToPath(new URL("../../../test/servers/queue-holder.ts", import.meta.url));

interface Server {
  url: string;
  stop: () => Promise<void>;
  start: () => Promise<void>;
  remove: () => Promise<void>;
}

function testOn(title: string, start: () => Promise<Server>, locate: (url: string) => QueueLocation): void {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.remove());
  const queues: QueueServer = {
    open: (options) => openQueue(locate(server.url), options),
    takeAndDie: async (worker, options) => {
      const input = JSON.stringify({ location: locate(server.url), worker, options });
      const child = spawn(process.execPath, ["--import", "tsx", holder, input], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    down: () => server.stop(),
    up: () => server.start(),
  };
  testQueue(title, queues);
}

describe("BullMQ on PostgreSQL", () => {
  testOn("the queue", startPostgres, (databaseUrl) => ({ databaseUrl }));
});

describe.skipIf(noRedis)(`BullMQ on Redis${noRedis ? ` (skipped: ${noRedis})` : ""}`, () => {
  testOn("the queue", startRedis, (redisUrl) => ({ redisUrl }));
});
