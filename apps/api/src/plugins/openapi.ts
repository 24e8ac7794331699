import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { ProblemDocument } from "@espalier/contract";
import { Type } from "typebox";

/** Describes all routes that are registered after it at `/openapi.json` (OpenAPI 3.1). */
export async function registerOpenapi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Espalier",
        version,
        description: "Prune language models, train them as text encoders, measure them.",
      },
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      security: [{ key: [] }],
    },
    transform: ({ schema, url }) => ({
      schema: {
        ...schema,
        response: {
          // A route may come without a schema.
          ...(schema?.response as object | undefined),
          default: Type.Unsafe({ ...ProblemDocument, description: "problem" }),
        },
      },
      url,
    }),
  });
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
}
