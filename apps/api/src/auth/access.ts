import { Problem, type KeyRole } from "@espalier/contract";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import type { Principal } from "./principal.ts";

/** Who may call a route: anyone, also without a key; any key; or an operator's key. */
export type RouteRole = "anyone" | KeyRole;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Every route names it. A server with a route that does not name it fails to start. */
    role: RouteRole;
  }
}

/** The `config` of a route, by who may call it. */
export const anyone = { role: "anyone" } as const;
export const member = { role: "member" } as const;
export const operator = { role: "operator" } as const;

/** Whether a key of a role may call a route of a role. */
const allows: Record<KeyRole, Record<KeyRole, boolean>> = {
  member: { member: true, operator: true },
  operator: { member: false, operator: true },
};

/** Finds whom a key belongs to; undefined for a key that is not known or was revoked. */
export type Authenticate = (key: string) => Promise<Principal | undefined>;

/**
 * Lets a request through to its route if the key in `Authorization: Bearer <key>` has the role that the route's `config`
 * names. A path that does not exist needs a key too, so that a stranger cannot tell which paths exist.
 * @throws {Error} at start, for a route without a role
 */
export const access = fp<{ authenticate: Authenticate }>(
  async (app, { authenticate }) => {
    app.addHook("onRoute", ({ method, url, config }) => {
      if (config?.role === undefined)
        throw new Error(`${String(method)} ${url} does not say who may call it: give it config.role.`);
    });
    app.decorateRequest("principal", null);
    app.addHook("onRequest", async (request) => {
      const role = request.is404 ? "member" : request.routeOptions.config.role;
      if (role === "anyone") return;
      const principal = await authenticate(keyOf(request));
      if (principal === undefined)
        throw new Problem("auth/required", "This API key is not known or was revoked.");
      if (!allows[role][principal.role])
        throw new Problem("auth/forbidden", `Only a key with the role \`${role}\` may do this.`);
      request.setDecorator<Principal>("principal", principal);
    });
  },
  { name: "access" },
);

function keyOf({ headers }: FastifyRequest): string {
  const [, key] = /^Bearer +(\S{1,256})$/i.exec(headers.authorization ?? "") ?? [];
  if (key === undefined)
    throw new Problem("auth/required", "Send your API key as `Authorization: Bearer <key>`.");
  return key;
}
