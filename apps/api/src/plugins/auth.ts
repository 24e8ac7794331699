import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "@espalier/contract";

/** Whom a key belongs to. */
export interface Principal {
  teamId: string;
  keyId: string;
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
