import fp from "fastify-plugin";
import type { DataFolderState } from "@espalier/store";
import { anyone } from "../auth/access.ts";

/** The servers that the API depends on. Without the delivery queues runs are delayed but not lost, so the API is degraded. */
export interface Probes {
  database: () => Promise<void>;
  queue: () => Promise<void>;
  dataFolder: () => DataFolderState;
}

const timeoutMs = 2_000;

/** `/healthz` says that the process answers. `/readyz` says that it can serve, and answers 503 while the database or the data folder is away. */
export const health = fp<Probes>(
  async (app, { database, queue, dataFolder }) => {
    const options = {
      config: anyone,
      schema: { hide: true },
      logLevel: "warn" as const,
    };
    app.get("/healthz", options, () => ({ status: "ok" }));
    app.get("/readyz", options, async (_request, reply) => {
      const [databaseUp, queueUp] = await Promise.all([answers(database), answers(queue)]);
      const data = dataFolder().type;
      const serves = databaseUp && data !== "away";
      const status = serves ? (queueUp && data === "ready" ? "ok" : "degraded") : "unavailable";
      return reply.code(serves ? 200 : 503).send({
        status,
        database: databaseUp ? "up" : "away",
        queue: queueUp ? "up" : "away",
        dataFolder: data,
      });
    });
  },
  { name: "health" },
);

async function answers(probe: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), timeoutMs);
  });
  try {
    await Promise.race([probe(), timeout]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
