import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { idOf, View, ViewCreate, ViewQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { member, owned, viewer } from "../auth/access.ts";
import { authorOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { list } from "../http/page.ts";

const params = Type.Object({ viewId: idOf("view") }, { additionalProperties: false });
const ownerOf = (request: FastifyRequest) => ({ teamId: teamOf(request), author: authorOf(request) });

/** Filters and columns that people keep. */
export const views: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/",
    { config: viewer, schema: { querystring: ViewQuery, response: { 200: list(View) } } },
    async (request) => ({ items: await store.views.list(ownerOf(request), request.query) }),
  );
  app.post(
    "/",
    { config: member, schema: { headers: IdempotentHeaders, body: ViewCreate, response: { 201: View } } },
    async (request, reply) =>
      answerOnce(store, { request, reply, status: 201 }, (tx) =>
        store.views.create(ownerOf(request), request.body, tx),
      ),
  );
  app.put(
    "/:viewId",
    { config: owned("view"), schema: { params, body: ViewCreate, response: { 200: View } } },
    (request) => store.views.replace(teamOf(request), request.params.viewId, request.body),
  );
  app.delete(
    "/:viewId",
    { config: owned("view"), schema: { params, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await store.views.remove(teamOf(request), request.params.viewId);
      return reply.code(204).send(null);
    },
  );
};
