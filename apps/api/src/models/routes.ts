import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  hubTokenHeader,
  idOf,
  importWork,
  MadeByQuery,
  Lineage,
  Model,
  ModelCreate,
  Run,
  streamingBytes,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, viewer } from "../auth/access.ts";
import { ownerOf, teamOf } from "../auth/principal.ts";
import { answerOnce, idempotencyKey } from "../http/idempotency.ts";
import { page } from "../http/page.ts";
import { hubTokenOf } from "./hub-token.ts";
import { inspect } from "./inspect.ts";

const ModelId = Type.Object({ modelId: idOf("model") }, { additionalProperties: false });

const Headers = Type.Object({
  ...idempotencyKey,
  [hubTokenHeader]: Type.Optional(
    Type.String({
      description:
        "token of the hub, for a private or gated repository; kept sealed, and erased when the run ends",
    }),
  ),
});

/**
 * Checkpoints. A new one is checked twice: an upload's headers here, at once, and its tensors by the import run. A model of
 * the hub is downloaded and checked by the import run.
 */
export const models: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/",
    {
      config: member,
      schema: {
        headers: Headers,
        body: ModelCreate,
        response: { 202: Type.Object({ model: Model, run: Run }) },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const owner = ownerOf(request);
      const { teamId } = owner;
      if ("source" in body) {
        const token = hubTokenOf(request);
        return answerOnce(store, { request, reply, status: 202 }, (tx) =>
          store.models.registerHub(
            { ...owner, replace: false, ...body, predictedBytes: streamingBytes, work: importWork(), token },
            tx,
          ),
        );
      }
      const { name, uploadId, replace = false } = body;
      const architecture = await inspect(store, await store.uploads.files(teamId, uploadId));
      return answerOnce(store, { request, reply, status: 202 }, (tx) =>
        store.models.register(
          {
            ...owner,
            predictedBytes: streamingBytes,
            work: importWork(architecture),
            name,
            uploadId,
            architecture,
            replace,
          },
          tx,
        ),
      );
    },
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: MadeByQuery, response: { 200: page(Model) } } },
    (request) => store.models.list(teamOf(request), request.query),
  );

  app.get(
    "/:modelId/lineage",
    { config: viewer, schema: { params: ModelId, response: { 200: Lineage } } },
    (request) => store.models.lineage(teamOf(request), request.params.modelId),
  );

  app.get("/:modelId", { config: viewer, schema: { params: ModelId, response: { 200: Model } } }, (request) =>
    store.models.get(teamOf(request), request.params.modelId),
  );
};
