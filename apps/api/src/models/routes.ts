import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { idOf, Model, ModelCreate, PageQuery, Run } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { teamOf } from "../plugins/auth.ts";
import { answerOnce } from "../plugins/idempotency.ts";
import { page } from "../plugins/page.ts";
import { inspect } from "./inspect.ts";

const ModelId = Type.Object({ modelId: idOf("model") }, { additionalProperties: false });

/** Checkpoints. A new one is checked twice: its headers here, at once; its tensors by the import run. */
export const models: FastifyPluginAsyncTypebox<{ store: Store; scratch: string }> = async (
  app,
  { store, scratch },
) => {
  app.post(
    "/",
    { schema: { body: ModelCreate, response: { 202: Type.Object({ model: Model, run: Run }) } } },
    async (request, reply) => {
      const { name, uploadId } = request.body;
      const teamId = teamOf(request);
      const architecture = await inspect(store, {
        files: await store.uploads.files(teamId, uploadId),
        scratch,
      });
      return answerOnce(store, { request, reply, status: 202 }, (tx) =>
        store.models.register({ teamId, name, uploadId, architecture }, tx),
      );
    },
  );

  app.get("/", { schema: { querystring: PageQuery, response: { 200: page(Model) } } }, (request) =>
    store.models.list(teamOf(request), request.query),
  );

  app.get("/:modelId", { schema: { params: ModelId, response: { 200: Model } } }, (request) =>
    store.models.get(teamOf(request), request.params.modelId),
  );
};
