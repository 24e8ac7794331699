import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Dataset, DatasetCreateQuery, idOf, PageQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";
import { limited } from "../http/body.ts";
import { page } from "../http/page.ts";
import { receive } from "./receive.ts";

const DatasetId = Type.Object({ datasetId: idOf("dataset") }, { additionalProperties: false });

/** Training triplets and evaluation tasks. A body is checked line by line while it arrives; it is stored whole or not at all. */
export const datasets: FastifyPluginAsyncTypebox<{ store: Store; maxDatasetBytes: number }> = async (
  app,
  { store, maxDatasetBytes },
) => {
  app.post(
    "/",
    { config: member, schema: { querystring: DatasetCreateQuery, response: { 201: Dataset } } },
    async (request, reply) => {
      const body = limited(request, maxDatasetBytes);
      return reply.code(201).send(
        await receive(store, {
          teamId: teamOf(request),
          query: request.query,
          body,
          maxBytes: maxDatasetBytes,
        }),
      );
    },
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: PageQuery, response: { 200: page(Dataset) } } },
    (request) => store.datasets.list(teamOf(request), request.query),
  );

  app.get(
    "/:datasetId",
    { config: viewer, schema: { params: DatasetId, response: { 200: Dataset } } },
    (request) => store.datasets.get(teamOf(request), request.params.datasetId),
  );
};
