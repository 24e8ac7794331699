import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { idOf, insteadOfFile, isModelFile, Problem, Upload } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, owned, viewer } from "../auth/access.ts";
import { authorOf, teamOf } from "../auth/principal.ts";
import { limited, type Pace } from "../http/body.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";

/** What such a file is, where its name tells. */
const insteadOf = (name: string): string =>
  /^adapter_|\.gguf$/i.test(name) ? ` ${insteadOfFile(name)}.` : "";

const UploadId = Type.Object({ uploadId: idOf("upload") }, { additionalProperties: false });
const UploadFile = Type.Object(
  { uploadId: idOf("upload"), name: Type.String({ maxLength: 128 }) },
  { additionalProperties: false },
);

/** Files that are sent one by one before they become a model. */
export const uploads: FastifyPluginAsyncTypebox<{
  store: Store;
  maxFileBytes: number;
  pace: Pace;
}> = async (app, { store, maxFileBytes, pace }) => {
  app.post(
    "/",
    { config: member, schema: { headers: IdempotentHeaders, response: { 201: Upload } } },
    async (request, reply) =>
      answerOnce(store, { request, reply, status: 201 }, (tx) =>
        store.uploads.create(teamOf(request), authorOf(request), tx),
      ),
  );

  app.get(
    "/:uploadId",
    { config: viewer, schema: { params: UploadId, response: { 200: Upload } } },
    (request) => store.uploads.get(teamOf(request), request.params.uploadId),
  );

  app.put(
    "/:uploadId/files/:name",
    {
      config: owned("upload"),
      schema: { params: UploadFile, consumes: ["application/octet-stream"], response: { 200: Upload } },
    },
    async (request) => {
      const { uploadId, name } = request.params;
      if (!isModelFile(name)) {
        throw new Problem(
          "upload/file-refused",
          `${JSON.stringify(name)} is not a file of a model folder; send config.json, tokenizer.json and safetensors weights.${insteadOf(name)}`,
          { field: "/name" },
        );
      }
      const teamId = teamOf(request);
      const { bytes, refusal } = await store.space.room(teamId, maxFileBytes, { uploadId, name });
      return store.uploads.putFile(teamId, uploadId, name, limited(request, bytes, pace, refusal));
    },
  );

  app.delete(
    "/:uploadId",
    { config: owned("upload"), schema: { params: UploadId, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await store.uploads.remove(teamOf(request), request.params.uploadId);
      return reply.code(204).send(null);
    },
  );
};
