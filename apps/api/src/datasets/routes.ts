import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  Dataset,
  DatasetCreateQuery,
  DatasetErrors,
  DatasetRows,
  DatasetRowsQuery,
  idOf,
  MadeByQuery,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, viewer } from "../auth/access.ts";
import { authorOf, teamOf } from "../auth/principal.ts";
import { limited, type Pace } from "../http/body.ts";
import { doOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { page } from "../http/page.ts";
import { firstRows } from "./rows.ts";
import { receive } from "./receive.ts";

const DatasetId = Type.Object({ datasetId: idOf("dataset") }, { additionalProperties: false });

/** Training triplets and evaluation tasks. A body is checked line by line while it arrives; it is stored whole or not at all. */
export const datasets: FastifyPluginAsyncTypebox<{
  store: Store;
  maxDatasetBytes: number;
  pace: Pace;
}> = async (app, { store, maxDatasetBytes, pace }) => {
  app.post(
    "/",
    {
      config: member,
      schema: {
        headers: IdempotentHeaders,
        querystring: DatasetCreateQuery,
        consumes: ["application/octet-stream"],
        response: { 201: Dataset },
      },
    },
    async (request, reply) => {
      const teamId = teamOf(request);
      const room = await store.space.room(teamId, maxDatasetBytes);
      const dataset = await receive(store, {
        query: request.query,
        body: limited(request, maxDatasetBytes, pace),
        maxBytes: maxDatasetBytes,
        room,
        async register(dataset) {
          const content = dataset.stored.sha256;
          const { body, replayed } = await doOnce(store, { request, status: 201, content }, (tx) =>
            store.datasets.register({ teamId, createdBy: authorOf(request), ...dataset }, tx),
          );
          if (replayed) reply.header("idempotency-replayed", "true");
          return body;
        },
      });
      return reply.code(201).send(dataset);
    },
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: MadeByQuery, response: { 200: page(Dataset) } } },
    (request) => store.datasets.list(teamOf(request), request.query),
  );

  app.get(
    "/:datasetId/rows",
    {
      config: viewer,
      schema: { params: DatasetId, querystring: DatasetRowsQuery, response: { 200: DatasetRows } },
    },
    async (request) => {
      const { location } = await store.datasets.stored(teamOf(request), request.params.datasetId);
      return firstRows(await store.bytes.open(location), request.query.limit);
    },
  );

  app.get(
    "/:datasetId/errors",
    { config: viewer, schema: { params: DatasetId, response: { 200: DatasetErrors } } },
    (request) => store.datasets.errors(teamOf(request), request.params.datasetId),
  );

  app.get(
    "/:datasetId",
    { config: viewer, schema: { params: DatasetId, response: { 200: Dataset } } },
    (request) => store.datasets.get(teamOf(request), request.params.datasetId),
  );
};
