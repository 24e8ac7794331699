import { Problem, reaches, type TeamRole } from "@espalier/contract";
import { actFor, type OwnedNoun, type Owners, type TenantHolder } from "@espalier/store";
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { asksForPage } from "../dashboard/page-request.ts";
import { refuseNotOwn } from "./ownership.ts";
import type { Principal } from "./principal.ts";
import { signIn, signInByBody, type Authenticate } from "./sign-in.ts";

/** Who may call a route: anyone, also without a key; whoever has the role, or one after it, in its team; a pool's operator. */
export type RouteRole = "anyone" | TeamRole | "operator";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Every route names it. A server with a route that does not name it fails to start. */
    role: RouteRole;
    /** The route's path names a `:team`. The role is asked for in the caller's own team; every team is open to operators. */
    named?: boolean;
    /** It changes nothing, though its method may be POST, because what it asks for does not fit into a query. */
    reads?: boolean;
    /** The route changes one thing of this noun, which its path names: a member may where it is its own user's. */
    owned?: OwnedNoun;
    /** The route's body has a `key`, by which the request is as by a key in its header. */
    signsIn?: boolean;
  }
}

/** The `config` of a route, by who may call it. */
export const anyone = { role: "anyone" } as const;
export const signsIn = { role: "anyone", signsIn: true } as const;
export const viewer = { role: "viewer" } as const;
export const member = { role: "member" } as const;
export const maintainer = { role: "maintainer" } as const;
export const admin = { role: "admin" } as const;
export const operator = { role: "operator" } as const;
/** The `config` of a route that changes one thing which may be somebody's. */
export const owned = <Noun extends OwnedNoun>(noun: Noun) => ({ role: "member", owned: noun }) as const;
/** The `config` of a route of the team that its path names. */
export const ofTeam = <Role extends TeamRole>(role: Role) => ({ role, named: true }) as const;

/**
 * Lets a request through to its route if its key, or its browser's session, may call it by what the route's `config` says. A
 * path that does not exist needs a key too, so that a stranger cannot tell which paths exist.
 * @throws {Error} at start, for a route without a role
 */
export const access = fp<{ authenticate: Authenticate; owners: Owners }>(
  async (app, { authenticate, owners }) => {
    app.addHook("onRoute", ({ method, url, config }) => {
      if (config?.role === undefined)
        throw new Error(`${String(method)} ${url} does not say who may call it: give it config.role.`);
    });
    app.decorateRequest("principal", null);
    const holders = new WeakMap<FastifyRequest, TenantHolder>();
    // All that a request calls acts for the team of its key, which is found below. The body arrives in the context of the
    // connection, so that what comes after it has to be told again.
    app.addHook("onRequest", (request, _reply, done) => {
      const holder: TenantHolder = { tenant: undefined };
      holders.set(request, holder);
      actFor(holder, done);
    });
    app.addHook("preValidation", (request, _reply, done) => actFor(holders.get(request)!, done));
    app.addHook("onRequest", async (request, reply) => {
      const { role, named = false }: FastifyContextConfig = request.is404
        ? app.dashboardPage && asksForPage(request)
          ? anyone
          : viewer
        : request.routeOptions.config;
      if (role === "anyone") return;
      const principal = await signIn(request, authenticate);
      admit(request, reply, principal);
      // An operator reaches into a team that the path names.
      const overAll = role === "operator" || (named && principal.operator);
      holders.get(request)!.tenant = overAll ? "all" : { teamId: principal.teamId };
      if (!(named && principal.operator)) refuse(principal, role, named ? request : undefined);
    });
    // The id is known to be one, and the body to have a key, only when the request has been validated.
    app.addHook("preHandler", async (request, reply) => {
      const { owned: noun, signsIn = false } = request.routeOptions.config;
      if (signsIn) {
        const principal = await signInByBody(request, authenticate);
        admit(request, reply, principal);
        holders.get(request)!.tenant = { teamId: principal.teamId };
      }
      if (noun !== undefined) await refuseNotOwn(request, noun, owners);
    });
  },
  { name: "access" },
);

/** From here on the request is by somebody, and every later line of the log says whose it is. */
function admit(request: FastifyRequest, reply: FastifyReply, principal: Principal): void {
  request.log = reply.log = request.log.child({ team: principal.teamName, keyId: principal.keyId });
  request.setDecorator<Principal>("principal", principal);
}

/** @throws {Problem} where a caller may not do what asks for a role, in the team that a request's path names */
function refuse({ teamName, role, operator }: Principal, needed: RouteRole, request?: FastifyRequest): void {
  const { team } = (request?.params ?? {}) as { team?: string };
  // Whether another team exists is not for its neighbours to know.
  if (team !== undefined && team !== teamName)
    throw new Problem("resource/not-found", "There is no such team for this key.");
  if (needed === "operator" ? operator : needed === "anyone" || reaches(role, needed)) return;
  throw new Problem(
    "auth/forbidden",
    needed === "operator"
      ? "Only a pool operator's key may do this."
      : `Only a key with the role \`${needed}\` or more may do this; this one's is \`${role}\`.`,
  );
}
