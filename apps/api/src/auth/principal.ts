import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem, type KeyRole } from "@espalier/contract";

/** Whom a key belongs to. */
export interface Principal {
  teamId: string;
  userId?: string;
  keyId: string;
  keyName: string;
  role: KeyRole;
}

const open = new Set(["/healthz", "/readyz", "/openapi.json"]);

/**
 * Requires `Authorization: Bearer <key>` on every route but health and the API's description, also for paths that do
 * not exist, so that a stranger cannot tell them apart.
 */
export function registerAuth(
  app: FastifyInstance,
  authenticate: (key: string) => Promise<Principal | undefined>,
): void {
  app.decorateRequest("principal", null);
  app.addHook("onRequest", async (request) => {
    if (open.has(request.routeOptions.url ?? "")) return;
    const [, key] = /^Bearer +(\S{1,256})$/i.exec(request.headers.authorization ?? "") ?? [];
    if (key === undefined)
      throw new Problem("auth/required", "Send your API key as `Authorization: Bearer <key>`.");
    const principal = await authenticate(key);
    if (principal === undefined)
      throw new Problem("auth/required", "This API key is not known or was revoked.");
    request.setDecorator<Principal>("principal", principal);
  });
}

/** The team whose key the request carries. */
export const teamOf = (request: FastifyRequest): string =>
  request.getDecorator<Principal>("principal").teamId;

/** The team and the user whose key the request carries: who will have had what a run uses. */
export function ownerOf(request: FastifyRequest): { teamId: string; userId?: string } {
  const { teamId, userId } = request.getDecorator<Principal>("principal");
  return { teamId, ...(userId === undefined ? {} : { userId }) };
}

export const isOperator = (request: FastifyRequest): boolean =>
  request.getDecorator<Principal>("principal").role === "operator";

/**
 * Who an operator's request is by, for the record: `<key id> (<key name>)`.
 * @throws {Problem} `auth/forbidden` for a key of another role
 */
export function operatorOf(request: FastifyRequest): string {
  const { keyId, keyName, role } = request.getDecorator<Principal>("principal");
  if (role !== "operator")
    throw new Problem("auth/forbidden", "Only a key with the role `operator` may do this.");
  return `${keyId} (${keyName})`;
}
