import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { RouteRole } from "../../apps/api/src/auth/access.ts";
import type { ServerOptions } from "../../apps/api/src/server.ts";
import { listen } from "./api.ts";

/** A route as the server registers it. Fastify serves a prefix with and without a slash, and HEAD wherever it serves GET. */
export interface RegisteredRoute {
  method: string;
  url: string;
  role: RouteRole;
  /** The path names a team. */
  named: boolean;
}

/** The API on loopback, with all its routes. */
export async function registeredRoutes(store: ServerOptions["store"]) {
  const routes: RegisteredRoute[] = [];
  const collect = (message: unknown): void => {
    const { fastify } = message as { fastify: Awaited<ReturnType<typeof listen>>["app"] };
    fastify.addHook("onRoute", ({ method, url, config }) => {
      const { role, named = false } = config!;
      for (const each of [method].flat()) routes.push({ method: each, url, role, named });
    });
  };
  subscribe("fastify.initialization", collect);
  try {
    return { ...(await listen(store)), routes };
  } finally {
    unsubscribe("fastify.initialization", collect);
  }
}
