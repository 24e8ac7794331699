import type { FastifyRequest } from "fastify";

/** A body of which every field is optional may be left out. */
export const bodyIsOptional = async (request: FastifyRequest): Promise<void> => {
  request.body ??= {};
};
