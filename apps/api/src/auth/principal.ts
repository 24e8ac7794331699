import type { Author, TeamRole } from "@espalier/contract";
import type { Caller } from "@espalier/store";
import type { FastifyRequest } from "fastify";

/** Who calls. */
export type Principal = Caller;

export const principalOf = (request: FastifyRequest): Principal =>
  request.getDecorator<Principal>("principal");

/** As `principalOf`; null where nobody is known yet, or needs to be. */
export const callerOf = (request: FastifyRequest): Principal | null =>
  request.getDecorator<Principal | null>("principal");

/** The key whose limits count: a browser's session has those of the key that opened it. */
export const limitedKeyOf = ({ keyId, openedBy = keyId }: Pick<Principal, "keyId" | "openedBy">): string =>
  openedBy;

/** The team whose key the request carries. */
export const teamOf = (request: FastifyRequest): string => principalOf(request).teamId;

/** The team whose key the request carries, and what that key may do in it. */
export function roleOf(request: FastifyRequest): { teamId: string; role: TeamRole } {
  const { teamId, role } = principalOf(request);
  return { teamId, role };
}

/** Who the request is by: what is made keeps it. */
export function authorOf(request: FastifyRequest): Author {
  const { userName, keyId, keyName } = principalOf(request);
  return { user: userName, key: { id: keyId, name: keyName } };
}

/** The team and the user whose key the request carries, for whom what a run uses is counted, and who the request is by. */
export function ownerOf(request: FastifyRequest): { teamId: string; userId?: string; createdBy: Author } {
  const { teamId, userId } = principalOf(request);
  return { teamId, ...(userId === undefined ? {} : { userId }), createdBy: authorOf(request) };
}

/** Whether the answer shows what only operators see. Who may call a route is for its `config.role` to say. */
export const isOperator = (request: FastifyRequest): boolean => principalOf(request).operator;

/** Who the request is by, as one text: `<key id> (<key name>)`. */
export function actorOf(request: FastifyRequest): string {
  const { keyId, keyName } = principalOf(request);
  return `${keyId} (${keyName})`;
}
