import type { Caller } from "@espalier/store";
import type { FastifyRequest } from "fastify";

/** Who calls. */
export type Principal = Caller;

export const principalOf = (request: FastifyRequest): Principal =>
  request.getDecorator<Principal>("principal");

/** The team whose key the request carries. */
export const teamOf = (request: FastifyRequest): string => principalOf(request).teamId;

/** The team and the user whose key the request carries: what a run uses is counted for them. */
export function ownerOf(request: FastifyRequest): { teamId: string; userId?: string } {
  const { teamId, userId } = principalOf(request);
  return { teamId, ...(userId === undefined ? {} : { userId }) };
}

/** Whether the answer shows what only operators see. Who may call a route is for its `config.role` to say. */
export const isOperator = (request: FastifyRequest): boolean => principalOf(request).operator;

/** Who the request is by, for the record: `<key id> (<key name>)`. */
export function authorOf(request: FastifyRequest): string {
  const { keyId, keyName } = principalOf(request);
  return `${keyId} (${keyName})`;
}
