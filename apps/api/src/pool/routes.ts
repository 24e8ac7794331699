import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Worker } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { list } from "../plugins/page.ts";

/** The shared pool; all teams see its workers. */
export const pool: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get("/workers", { schema: { response: { 200: list(Worker) } } }, async () => ({
    items: await store.workers.list(),
  }));
};
