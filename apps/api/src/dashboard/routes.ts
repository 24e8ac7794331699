import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { Problem } from "@espalier/contract";
import { anyone } from "../auth/access.ts";
import { basePath } from "./base-path.ts";
import { encodings, type DashboardFile, type DashboardFiles } from "./files.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Answers with the dashboard's page; null where there is no dashboard. */
    dashboardPage: ((request: FastifyRequest, reply: FastifyReply) => FastifyReply) | null;
  }
}

interface Options {
  dashboard: DashboardFiles | undefined;
  /** The path under which browsers see the service, from `/` to `/`. */
  base?: string | undefined;
  /** Proxies may say so. */
  trusted: boolean;
}

/** Scripts, styles, pictures and requests of the service's own origin, and nothing else. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const guards = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** The dashboard at `/`. Its files never change under their names, so that browsers keep them. */
const plugin: FastifyPluginAsync<Options> = async (app, { dashboard, base, trusted }) => {
  app.decorate("dashboardPage", dashboard ? page : null);
  if (!dashboard) return;
  const { files, page: html } = dashboard;

  function page(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = basePath(request, base, trusted);
    return reply
      .code(200)
      .headers({ ...guards, "cache-control": "no-cache" })
      .type("text/html; charset=utf-8")
      .send(html.replace('<base href="/"', `<base href="${path}"`));
  }

  const options = { config: anyone, schema: { hide: true }, logLevel: "warn" as const };
  app.get("/", options, (request, reply) => page(request, reply));
  app.get("/icon.svg", options, (request, reply) =>
    sendFile(request, reply, files.get("icon.svg"), "no-cache"),
  );
  app.get<{ Params: { name: string } }>("/assets/:name", options, (request, reply) =>
    sendFile(
      request,
      reply,
      files.get(`assets/${request.params.name}`),
      "public, max-age=31536000, immutable",
    ),
  );
};
export const dashboard = fp(plugin, { name: "dashboard" });

function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  file: DashboardFile | undefined,
  caching: string,
): FastifyReply {
  if (!file) throw new Problem("resource/not-found", "The dashboard has no such file; load its page again.");
  reply.headers({ ...guards, etag: file.etag, vary: "accept-encoding", "cache-control": caching });
  if (headers["if-none-match"] === file.etag) return reply.code(304).send();
  const accepted = headers["accept-encoding"] ?? "";
  const encoding = encodings.find(
    (each) =>
      file.compressed[each] && new RegExp(`\\b${each}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`).test(accepted),
  );
  if (encoding) reply.header("content-encoding", encoding);
  return reply.type(file.type).send(encoding ? file.compressed[encoding] : file.content);
}
