import type { FastifyRequest } from "fastify";

/** Paths that are the API's own: what is not found there is a problem document for browsers too. */
const api = /^\/(v1|docs|assets|openapi\.json|healthz|readyz|metrics)(\/|\?|$)/;

/** Whether a request is a browser's for a page of the dashboard, whose paths only the page itself knows. */
export const asksForPage = ({ method, url, headers: { accept } }: FastifyRequest): boolean =>
  (method === "GET" || method === "HEAD") && (accept ?? "").includes("text/html") && !api.test(url);
