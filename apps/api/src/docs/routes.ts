import type { FastifyPluginAsync } from "fastify";
import { anyone } from "../auth/access.ts";
import { referencePage, type Description } from "./page.ts";
import { style } from "./style.ts";

const guards = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cache-control": "no-cache",
};

/** The reference of the API for people, made of its own description. */
export const docs: FastifyPluginAsync<{ describe: () => unknown }> = async (app, { describe }) => {
  let page: string | undefined;
  const options = { config: anyone, schema: { hide: true }, logLevel: "warn" as const };
  app.get("/docs", options, (_request, reply) => {
    page ??= referencePage(describe() as Description);
    return reply.headers(guards).type("text/html; charset=utf-8").send(page);
  });
  app.get("/docs/style.css", options, (_request, reply) =>
    reply.headers(guards).type("text/css; charset=utf-8").send(style),
  );
};
