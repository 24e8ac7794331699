import { mergePatch } from "@espalier/contract";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";

/** Body of a request that clones something, with changes. */
export const Patch = Type.Unknown({
  description: "JSON merge patch (RFC 7396) of the spec; no body: the spec as it is",
});

/** The spec with the request's merge patch applied. It is not checked. */
export const patched = (spec: unknown, { body }: Pick<FastifyRequest, "body">): unknown =>
  body === undefined ? spec : mergePatch(spec, body);
