import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { SeriesAnswer, SeriesQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";

/** Metrics of several runs, to be drawn. */
export const series: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/series",
    { config: viewer, schema: { querystring: SeriesQuery, response: { 200: SeriesAnswer } } },
    (request) => store.metrics.series(teamOf(request), request.query),
  );
};
