import { STATUS_CODES } from "node:http";
import { teamRoles } from "@espalier/contract";
import type { FastifySchema } from "fastify";
import type { RouteRole } from "../auth/access.ts";
import { Components } from "./components.ts";
import type { Json, JsonObject } from "./json.ts";
import { operations } from "./operations.ts";
import { inlineParts, simplifyAnswers } from "./answers.ts";
import { problemAnswer, problemResponse } from "./problem-responses.ts";
import { shareAnswers, shareInPath, shareParameters, shareSchemas } from "./share.ts";

declare module "fastify" {
  interface FastifySchema {
    /** Left out of the API's description. */
    hide?: boolean;
    /** Content types of the body; default: JSON. */
    consumes?: readonly string[];
    /** A request without a body is taken too. */
    bodyIsOptional?: boolean;
  }
}

export interface DescribedRoute {
  method: string;
  /** As it was registered, such as `/v1/runs/:runId`. */
  path: string;
  schema: FastifySchema;
  role: RouteRole;
}

const description = `Prune language models, train them as text encoders, measure them.

Errors are problem documents (RFC 9457) with a stable \`code\`. Lists have pages: \`cursor\` of one leads to the next. A POST that makes
something takes an \`Idempotency-Key\`: sent again within a day, it gets the first answer. Limits of requests are told by 429 and
\`Retry-After\`.`;

/** The API in OpenAPI 3.1. */
export function describeApi({
  version,
  routes,
}: {
  version: string;
  routes: readonly DescribedRoute[];
}): JsonObject {
  const components = new Components();
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, components);
  }
  const described = Object.values(paths).flatMap((methods) => Object.values(methods) as JsonObject[]);
  const parameters = shareParameters(described);
  const responses = { ...problemResponse(components), ...shareAnswers(described) };
  const { schemas } = components;
  shareSchemas(
    [...described, ...Object.values(parameters), ...Object.values(responses)] as JsonObject[],
    schemas,
  );
  simplifyAnswers(
    [
      ...described.map(({ parameters, requestBody }) => [parameters ?? null, requestBody ?? null]),
      parameters,
    ],
    [responses, ...described.map((operation) => operation["responses"] as JsonObject)],
    schemas,
  );
  inlineParts([...described, parameters, responses], schemas);
  for (const path of Object.values(paths)) shareInPath(path);
  const tags = [...new Set(routes.map(({ path }) => tagOf(path)))].sort();
  return {
    openapi: "3.1.0",
    info: {
      title: "Espalier",
      version,
      description,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "the API that answers this" }],
    security: [{ key: [] }, { session: [] }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      schemas: inOrder(schemas),
      responses,
      parameters,
      headers: { [replayed]: replayedHeader },
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: `An API key. \`x-role\` of an operation is the least role in the team that it needs, of ${Object.keys(teamRoles).join(", ")}, without it ${usualRole}; or \`operator\`, apart from roles. Of a path that names a team, an operator may call every operation.`,
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "espalier-session",
          description:
            "A browser's, of which the same role is asked; by `POST /v1/session`; over https its name begins with `__Host-` or, below a path, `__Secure-`.",
        },
      },
    },
  };
}

/** What an operation asks for that does not say it. */
export const usualRole = "viewer";

/** A field of OpenAPI's own would take four times as much: `security` names all ways to sign in where it names one role. */
const roleOf = (role: RouteRole): JsonObject =>
  role === usualRole ? {} : role === "anyone" ? { security: [] } : { "x-role": role };

const inOrder = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));

const tagOf = (path: string): string => path.split("/")[2] ?? "";

function operationOf({ method, path, schema, role }: DescribedRoute, components: Components): JsonObject {
  const parameters = [
    ...parametersOf("path", schema.params, components),
    ...parametersOf("query", schema.querystring, components),
    ...parametersOf("header", schema.headers, components),
  ];
  const hasBody = schema.body !== undefined || schema.consumes !== undefined;
  return {
    ...operations[`${method} ${path}`]!,
    tags: [tagOf(path)],
    ...roleOf(role),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody ? { requestBody: bodyOf(schema, components) } : {}),
    responses: { ...answersOf(schema, components), ...problemAnswer },
  };
}

interface ObjectSchema {
  properties?: Record<string, object>;
  required?: readonly string[];
}

function parametersOf(where: string, schema: unknown, components: Components): JsonObject[] {
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => {
    const { description: said, ...written } = components.write(property);
    return {
      name: where === "header" ? headerName(name) : name,
      in: where,
      ...(required.includes(name) ? { required: true } : {}),
      ...(said === undefined ? {} : { description: said }),
      schema: written,
    };
  });
}

/** `idempotency-key` as `Idempotency-Key`, `last-event-id` as `Last-Event-ID` */
const headerName = (name: string): string =>
  name.replaceAll(/(?<=^|-)(?:id$|\w)/g, (letters) => letters.toUpperCase());

const binary = { type: "string", format: "binary" };

function bodyOf(
  { body, consumes, bodyIsOptional = false }: FastifySchema,
  components: Components,
): JsonObject {
  const media: Json = { schema: body === undefined ? binary : components.write(body as object) };
  return {
    required: !bodyIsOptional,
    content: Object.fromEntries((consumes ?? ["application/json"]).map((type) => [type, media])),
  };
}

/** An answer that is not JSON says what it is by its `content`. */
interface Answer {
  description?: string;
  headers?: JsonObject;
  content?: Record<string, { schema: object }>;
}

function answersOf({ response, headers }: FastifySchema, components: Components): JsonObject {
  const replays = "idempotency-key" in ((headers as ObjectSchema | undefined)?.properties ?? {});
  return Object.fromEntries(
    Object.entries(response as Record<string, object>).map(([status, schema]) => {
      const answer = schema as Answer;
      const isBare = ["204", "304"].includes(status);
      const content =
        answer.content === undefined
          ? { "application/json": { schema: components.write(schema) } }
          : Object.fromEntries(
              Object.entries(answer.content).map(([type, media]) => [
                type,
                { schema: components.write(media.schema) },
              ]),
            );
      return [
        status,
        {
          description: (isBare || answer.content ? answer.description : undefined) ?? STATUS_CODES[status]!,
          ...((answer.content || isBare) && answer.headers ? { headers: answer.headers } : {}),
          ...(replays ? { headers: replayHeaders } : {}),
          ...(isBare ? {} : { content }),
        },
      ];
    }),
  );
}

const replayed = "Idempotency-Replayed";
const replayedHeader: JsonObject = {
  schema: { type: "string", const: "true" },
  description: "the answer is of an earlier request with the same key",
};
const replayHeaders: JsonObject = { [replayed]: { $ref: `#/components/headers/${replayed}` } };
