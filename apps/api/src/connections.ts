import { alertRows } from "@espalier/contract";
import type { FastifyBaseLogger } from "fastify";
import type { Store } from "@espalier/store";
import { processesOf } from "./pool/alerts.ts";
import { connectionsOf, type PoolSources } from "./pool/document.ts";

/** One line in the log at the start: whether the server has a connection for all that its APIs and workers may hold. */
export async function checkConnections(
  store: Pick<Store, "connections">,
  where: Pick<PoolSources, "queueServer" | "pooled">,
  log: FastifyBaseLogger,
): Promise<void> {
  const connections = connectionsOf({ connections: await store.connections() }, where);
  const { allowed, needed, apis, workers } = connections;
  const facts = { allowed, needed, apis, workers };
  if (needed <= allowed) return log.info(facts, "the database has enough connections");
  const { message, action } = alertRows["connections-short"];
  const said = { ...connections, processes: processesOf(connections) };
  log.warn(facts, `${message(said)} ${action(said)}`);
}
