import { connectionBudget } from "@espalier/contract";
import type { FastifyBaseLogger } from "fastify";
import type { Store } from "@espalier/store";

/** One line in the log at the start: whether the server has a connection for all that its APIs and workers may hold. */
export async function checkConnections(
  store: Pick<Store, "connections">,
  queue: keyof typeof connectionBudget,
  log: FastifyBaseLogger,
): Promise<void> {
  const { allowed, workers, ...found } = await store.connections();
  const apis = Math.max(1, found.apis);
  const { api, worker } = connectionBudget[queue];
  const needed = apis * api + workers * worker;
  const facts = { allowed, needed, apis, workers };
  if (needed <= allowed) return log.info(facts, "the database has enough connections");
  log.warn(
    facts,
    `the database gives ${allowed} connections, and ${apis} APIs (${api} each) with ${workers} workers (${worker} each) may hold ` +
      `${needed}: raise max_connections by ${needed - allowed}, or put PgBouncer before it (docs/operations.md)`,
  );
}
