import { basename } from "node:path";
import { Readable } from "node:stream";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Artifact, idOf } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";
import { parseRange } from "./range.ts";

const ArtifactId = Type.Object({ artifactId: idOf("artifact") }, { additionalProperties: false });

const text = (description: string) => Type.Optional(Type.String({ description }));
const Conditions = Type.Object({
  range: text("`bytes=A-B`, `bytes=A-` or `bytes=-LENGTH`; others are ignored"),
  "if-range": text("the `ETag` that the range is of; for another everything is sent"),
  "if-none-match": text("the `ETag` that the client has already"),
});

const binary = {
  "application/octet-stream": { schema: Type.Unsafe<unknown>({ type: "string", format: "binary" }) },
};
const header = (type: "string" | "integer") => ({ schema: { type } });
const validators = { ETag: header("string"), "Accept-Ranges": header("string") };
const disposition = { ...validators, "Content-Disposition": header("string") };
/** What the content is answered with, for the API's description. */
const contents = {
  200: { description: "the whole file", headers: disposition, content: binary },
  206: {
    description: "the part that was asked for",
    headers: { ...disposition, "Content-Range": header("string") },
    content: binary,
  },
  304: { description: "the client has it already", headers: validators },
};

/** Files of runs, always sent as a download, so that no browser shows what a run has written. */
export const artifacts: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/:artifactId",
    { config: viewer, schema: { params: ArtifactId, response: { 200: Artifact } } },
    (request) => store.artifacts.get(teamOf(request), request.params.artifactId),
  );

  app.get(
    "/:artifactId/content",
    { config: viewer, schema: { headers: Conditions, params: ArtifactId, response: contents } },
    async (request, reply) => {
      const [teamId, { artifactId }] = [teamOf(request), request.params];
      const artifact = await store.artifacts.get(teamId, artifactId);
      const { location } = await store.artifacts.stored(teamId, artifactId);
      const { bytes, name, sha256 } = artifact;
      const etag = `"${sha256}"`;
      reply.headers({ etag, "accept-ranges": "bytes" });
      const { headers, method } = request;
      const range = method === "GET" && applies(headers, etag) ? rangeOf(request, reply, bytes) : undefined;
      const { start, end } = range ?? { start: 0, end: bytes };
      const unchanged = matches(headers["if-none-match"], etag);
      // No file is opened to tell its size, nor where there is nothing to send.
      const content =
        method === "HEAD" || unchanged || start === end
          ? Readable.from([])
          : await store.bytes.open(location, { start, end: end - 1 });
      reply.header("cache-control", "private, immutable, max-age=31536000");
      if (unchanged) return reply.code(304).send();
      if (range) reply.code(206).header("content-range", `bytes ${start}-${end - 1}/${bytes}`);
      return reply
        .headers({ "content-disposition": attachment(name), "content-length": end - start })
        .type("application/octet-stream")
        .send(content);
    },
  );
};

/** RFC 6266: the name as it is, and once more in ASCII for clients that read no other. */
const attachment = (name: string): string =>
  `attachment; filename="${basename(name).replaceAll(/[^\w .-]/g, "_")}"; filename*=UTF-8''${encodeURIComponent(basename(name))}`;

/** Whether `If-None-Match` names the content (RFC 9110 §13.1.2). */
const matches = (header: string | undefined, etag: string): boolean =>
  (header ?? "").split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, "")));

/** Whether a range is wanted of just these bytes (`If-Range`, RFC 9110 §13.1.5). */
const applies = (headers: FastifyRequest["headers"], etag: string): boolean =>
  headers["if-range"] === undefined || headers["if-range"] === etag;

/** The range that is asked for. One that cannot be satisfied is answered with the size that there is. */
function rangeOf({ headers }: FastifyRequest, reply: FastifyReply, bytes: number) {
  try {
    return parseRange(headers.range, bytes);
  } catch (error) {
    reply.header("content-range", `bytes */${bytes}`);
    throw error;
  }
}
