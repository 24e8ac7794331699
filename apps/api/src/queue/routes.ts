import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { QueuePage, QueueQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";

/** What waits for devices, and why. */
export const queue: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/queue",
    { config: viewer, schema: { querystring: QueueQuery, response: { 200: QueuePage } } },
    (request) => store.queued.page(teamOf(request), request.query),
  );
};
