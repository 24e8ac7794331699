import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Run, RunFacets, RunFilter, RunListQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";
import { page } from "../http/page.ts";

const Fields = Type.Object({}, { description: "with `fields`: `id` and these alone" });

/** The team's runs: which ones, in which order, how much of each; and how many there are of what. */
export const runLists: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/",
    {
      config: viewer,
      schema: { querystring: RunListQuery, response: { 200: page(Type.Union([Run, Fields])) } },
    },
    (request) => store.runs.list(teamOf(request), request.query),
  );

  app.get(
    "/facets",
    { config: viewer, schema: { querystring: RunFilter, response: { 200: RunFacets } } },
    (request) => store.runs.facets(teamOf(request), request.query),
  );
};
