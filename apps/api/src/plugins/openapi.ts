import fp from "fastify-plugin";
import { anyone } from "../auth/access.ts";
import { docs } from "../docs/routes.ts";
import { describeApi, type DescribedRoute } from "../openapi/describe.ts";
import { operations } from "../openapi/operations.ts";

/**
 * Describes all routes that are registered after it at `/openapi.json` (OpenAPI 3.1), with the role that each asks for, and for people
 * at `/docs`.
 * @throws {Error} at start, for a route that has no name in `openapi/operations.ts`
 */
export const openapi = fp<{ version: string }>(
  async (app, { version }) => {
    const routes: DescribedRoute[] = [];
    app.addHook("onRoute", ({ method: methods, url, schema = {}, config }) => {
      // Fastify serves a prefix with and without a slash, and HEAD wherever it serves GET.
      if (schema.hide === true || url.endsWith("/")) return;
      for (const method of [methods].flat().filter((each) => each !== "HEAD")) {
        if (!Object.hasOwn(operations, `${method} ${url}`))
          throw new Error(`${method} ${url} has no name: give it a row in openapi/operations.ts.`);
        routes.push({ method, path: url, schema, role: config!.role });
      }
    });
    let text: string | undefined;
    const describe = () => describeApi({ version, routes });
    await app.register(docs, { describe });
    app.get("/openapi.json", { config: anyone, schema: { hide: true } }, (_request, reply) => {
      text ??= JSON.stringify(describe());
      return reply.type("application/json; charset=utf-8").send(text);
    });
  },
  { name: "openapi" },
);
