import type { FastifyRequest } from "fastify";

/** `/espalier/` of `/espalier`, `espalier/` and the like; `/` of nothing. */
export function basePathOf(text: string): string {
  const path = `/${text.split("/").filter(Boolean).join("/")}/`.replace("//", "/");
  if (!/^\/(?:[\w.~-]+\/)*$/.test(path) || /\/\.{1,2}\//.test(path))
    throw new Error(`"${text}" is no path under which pages can be served; give one such as /espalier.`);
  return path;
}

/**
 * The path under which a browser sees the service: the operator's, or what a proxy says that the operator trusts to say for whom it
 * asks; otherwise the service's own root.
 */
export function basePath(request: FastifyRequest, configured: string | undefined, trusted: boolean): string {
  if (configured !== undefined) return configured;
  const prefix = request.headers["x-forwarded-prefix"];
  // `ips` has the proxies that are trusted before the client, where there is one.
  if (!trusted || typeof prefix !== "string" || (request.ips ?? []).length < 2) return "/";
  try {
    return basePathOf(prefix);
  } catch {
    return "/";
  }
}
