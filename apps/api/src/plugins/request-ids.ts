import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import fp from "fastify-plugin";

const header = "x-request-id";

/** The id that a proxy or a client has given the request, where it can stand in logs and headers as it is; else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers[header];
  return typeof given === "string" && /^[\w.:=+/-]{1,128}$/.test(given) ? given : `req_${randomUUID()}`;
}

/** Answers every request with its id, event streams too. Problem documents and all lines of the log have it as well. */
export const requestIds = fp(
  async (app) => {
    app.addHook("onRequest", async (request, reply) => void reply.raw.setHeader(header, request.id));
  },
  { name: "request-ids" },
);
