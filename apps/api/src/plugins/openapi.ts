import swagger from "@fastify/swagger";
import { ProblemDocument, teamRoles } from "@espalier/contract";
import fp from "fastify-plugin";
import { Type } from "typebox";
import { anyone, type RouteRole } from "../auth/access.ts";

/** Describes all routes that are registered after it at `/openapi.json` (OpenAPI 3.1), with the role that each asks for. */
export const openapi = fp<{ version: string }>(
  async (app, { version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: "3.1.0",
        info: {
          title: "Espalier",
          version,
          description: "Prune language models, train them as text encoders, measure them.",
        },
        components: {
          securitySchemes: {
            key: {
              type: "http",
              scheme: "bearer",
              description: `An API key. An operation names the least role that the key needs in its team, of ${Object.keys(teamRoles).join(", ")}; or \`operator\`, which a pool operator's key is apart from its role. Of a path that names a team, an operator's key may call every operation.`,
            },
          },
        },
      },
      transform: ({ schema, url, route }) => ({
        schema: {
          ...schema,
          security: securityOf(route.config!.role),
          response: {
            // Swagger also passes routes without a schema.
            ...(schema?.response as object | undefined),
            default: Type.Unsafe({ ...ProblemDocument, description: "problem" }),
          },
        },
        url,
      }),
    });
    app.get("/openapi.json", { config: anyone, schema: { hide: true } }, () => app.swagger());
  },
  { name: "openapi" },
);

const securityOf = (role: RouteRole): Record<string, string[]>[] =>
  role === "anyone" ? [] : [{ key: [role] }];
