import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { checkDocument } from "../http/document.ts";
import { readText } from "../http/body.ts";

/** Content types of JSON bodies. */
export const jsonTypes = ["application/json", "application/merge-patch+json"] as const;

/**
 * Lets `application/octet-stream` bodies through as streams. JSON bodies and merge patches are read within a time, parsed,
 * kept small and looked through; an empty one says nothing, like `{}`: many clients name JSON in every request, also where
 * they send no body.
 */
export const bodies = fp<{ maxBytes: number; withinMs: number }>(
  async (app, { maxBytes, withinMs }) => {
    app.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
    const parse = app.getDefaultJsonParser("error", "error");
    app.removeContentTypeParser("application/json");
    for (const type of jsonTypes)
      app.addContentTypeParser(type, async (request: FastifyRequest, payload: IncomingMessage) => {
        const text = await readText(payload, { maxBytes, withinMs });
        if (text === "") return {};
        const document = await new Promise<unknown>((resolve, reject) => {
          void parse(request, text, (error, body) => (error ? reject(error) : resolve(body)));
        });
        checkDocument(document);
        return document;
      });
    app.addHook("preValidation", async (request) => {
      // A body of `null` is one.
      if (request.routeOptions.schema?.bodyIsOptional === true && request.body === undefined)
        request.body = {};
    });
  },
  { name: "bodies" },
);
