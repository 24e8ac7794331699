import { challengeHeader, proofHeader, proofOf } from "@espalier/process";
import fp from "fastify-plugin";
import type { DataFolderState } from "@espalier/store";
import { anyone } from "../auth/access.ts";
import type { Probe } from "./probe.ts";

/** The servers that the API depends on. Without the delivery queues runs are delayed but not lost, so the API is degraded. */
export interface Probes {
  database: Probe;
  queue: Probe;
  dataFolder: () => DataFolderState;
  instance?: string | undefined;
}

/** `/healthz` says that the process answers. `/readyz` says that it can serve, and answers 503 while the database or the data folder is away. */
export const health = fp<Probes>(
  async (app, { database, queue, dataFolder, instance }) => {
    const options = {
      config: anyone,
      schema: { hide: true },
      logLevel: "warn" as const,
    };
    app.get("/healthz", options, (request, reply) => {
      const challenge = request.headers[challengeHeader];
      if (instance !== undefined && typeof challenge === "string")
        reply.header(proofHeader, proofOf(instance, challenge));
      return reply.send({ status: "ok" });
    });
    app.get("/readyz", options, async (_request, reply) => {
      const [databaseUp, queueUp] = await Promise.all([database.answers(), queue.answers()]);
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
