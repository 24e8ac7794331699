import { mergePatch } from "@espalier/contract";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { jsonTypes } from "../plugins/bodies.ts";

/** The part of a route's schema that says what body clones something, with changes. */
export const patch = {
  body: Type.Unknown({
    description: "JSON merge patch (RFC 7396) of the spec; no body: the spec as it is",
  }),
  bodyIsOptional: true,
  consumes: jsonTypes,
};

/** The spec with the request's merge patch applied. It is not checked. */
export const patched = (spec: unknown, { body }: Pick<FastifyRequest, "body">): unknown =>
  body === undefined ? spec : mergePatch(spec, body);
