import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  idOf,
  PageQuery,
  Problem,
  Webhook,
  WebhookChange,
  WebhookCreate,
  WebhookDelivery,
  WebhookDeliveryQuery,
  WebhookWithSecret,
  type WebhookEvent,
} from "@espalier/contract";
import type { Poster } from "@espalier/model/outbound";
import type { Store } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { maintainer, viewer } from "../auth/access.ts";
import { authorOf, isOperator, teamOf } from "../auth/principal.ts";
import { page } from "../http/page.ts";

const WebhookId = Type.Object({ webhookId: idOf("webhook") }, { additionalProperties: false });
const DeliveryId = Type.Object(
  { webhookId: idOf("webhook"), deliveryId: idOf("delivery") },
  { additionalProperties: false },
);

/** Whom a team wants to be told of what happens, and what was sent. */
export const webhooks: FastifyPluginAsyncTypebox<{ store: Store; poster: Pick<Poster, "check"> }> = async (
  app,
  { store, poster },
) => {
  /** What cannot be sent is refused at once; a name that leads to a private address is found when it is sent to. */
  function check(request: FastifyRequest, { url, events }: { url?: string; events?: WebhookEvent[] }): void {
    if (url !== undefined) checkUrl(poster, url);
    if (events?.includes("worker.event") && !isOperator(request))
      throw new Problem("auth/forbidden", "Only operators are told of workers.", { field: "/events" });
  }

  app.post(
    "/",
    { config: maintainer, schema: { body: WebhookCreate, response: { 201: WebhookWithSecret } } },
    async (request, reply) => {
      check(request, request.body);
      const created = await store.webhooks.create({
        teamId: teamOf(request),
        operator: isOperator(request),
        createdBy: authorOf(request),
        webhook: request.body,
      });
      return reply.code(201).send(created);
    },
  );
  app.get(
    "/",
    { config: viewer, schema: { querystring: PageQuery, response: { 200: page(Webhook) } } },
    (request) => store.webhooks.list(teamOf(request), request.query),
  );

  const one = { params: WebhookId, response: { 200: Webhook } };
  app.get("/:webhookId", { config: viewer, schema: one }, (request) =>
    store.webhooks.get(teamOf(request), request.params.webhookId),
  );
  app.patch("/:webhookId", { config: maintainer, schema: { ...one, body: WebhookChange } }, (request) => {
    check(request, request.body);
    return store.webhooks.change(teamOf(request), request.params.webhookId, request.body);
  });
  app.delete(
    "/:webhookId",
    { config: maintainer, schema: { params: WebhookId, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await store.webhooks.remove(teamOf(request), request.params.webhookId);
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/:webhookId/ping",
    { config: maintainer, schema: { params: WebhookId, response: { 202: WebhookDelivery } } },
    async (request, reply) =>
      reply.code(202).send(await store.webhookDeliveries.ping(teamOf(request), request.params.webhookId)),
  );
  app.get(
    "/:webhookId/deliveries",
    {
      config: viewer,
      schema: {
        params: WebhookId,
        querystring: WebhookDeliveryQuery,
        response: { 200: page(WebhookDelivery) },
      },
    },
    (request) => store.webhookDeliveries.list(teamOf(request), request.params.webhookId, request.query),
  );
  app.post(
    "/:webhookId/deliveries/:deliveryId/redeliver",
    { config: maintainer, schema: { params: DeliveryId, response: { 202: WebhookDelivery } } },
    async (request, reply) => {
      const { webhookId, deliveryId } = request.params;
      return reply
        .code(202)
        .send(await store.webhookDeliveries.redeliver(teamOf(request), webhookId, deliveryId));
    },
  );
};

function checkUrl(poster: Pick<Poster, "check">, url: string): void {
  if (!URL.canParse(url))
    throw new Problem("request/invalid", "The url is not one; give one such as https://example.org/hook.", {
      field: "/url",
    });
  poster.check(url);
}
