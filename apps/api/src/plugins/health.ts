import type { FastifyInstance } from "fastify";

/** What the API needs to serve. A queue that is away delays runs but loses none, so it only degrades. */
export interface Probes {
  database: () => Promise<void>;
  queue: () => Promise<void>;
}

const timeoutMs = 2_000;

/** `/healthz`: the process answers. `/readyz`: it can serve; 503 while the database is away. */
export function registerHealth(app: FastifyInstance, { database, queue }: Probes): void {
  app.get("/healthz", { schema: { hide: true }, logLevel: "warn" }, () => ({ status: "ok" }));
  app.get("/readyz", { schema: { hide: true }, logLevel: "warn" }, async (_request, reply) => {
    const [databaseUp, queueUp] = await Promise.all([answers(database), answers(queue)]);
    const status = databaseUp ? (queueUp ? "ok" : "degraded") : "unavailable";
    return reply
      .code(databaseUp ? 200 : 503)
      .send({ status, database: databaseUp ? "up" : "away", queue: queueUp ? "up" : "away" });
  });
}

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
