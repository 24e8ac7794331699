import { basename } from "node:path";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Artifact, idOf } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { viewer } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";
import { parseRange } from "./range.ts";

const ArtifactId = Type.Object({ artifactId: idOf("artifact") }, { additionalProperties: false });

/** Files of runs, always sent as a download, so that no browser shows what a run has written. */
export const artifacts: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/:artifactId",
    { config: viewer, schema: { params: ArtifactId, response: { 200: Artifact } } },
    (request) => store.artifacts.get(teamOf(request), request.params.artifactId),
  );

  app.get(
    "/:artifactId/content",
    { config: viewer, schema: { params: ArtifactId } },
    async (request, reply) => {
      const [teamId, { artifactId }] = [teamOf(request), request.params];
      const artifact = await store.artifacts.get(teamId, artifactId);
      const { location } = await store.artifacts.stored(teamId, artifactId);
      const etag = `"${artifact.sha256}"`;
      reply.headers({
        etag,
        "accept-ranges": "bytes",
        "cache-control": "private, immutable, max-age=31536000",
        "content-disposition": `attachment; filename="${basename(artifact.name)}"`,
      });
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      const range = parseRange(request.headers.range, artifact.bytes);
      const { start, end } = range ?? { start: 0, end: artifact.bytes };
      if (range) reply.code(206).header("content-range", `bytes ${start}-${end - 1}/${artifact.bytes}`);
      reply.header("content-length", end - start).type("application/octet-stream");
      return reply.send(await store.bytes.open(location, { start, end: end - 1 }));
    },
  );
};
