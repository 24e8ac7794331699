import { Problem, type ApiKey } from "@espalier/contract";
import { parseCookie, stringifySetCookie } from "cookie";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Where browsers see the service. */
export interface PublicPlace {
  /** Undefined: that of the host that they ask, as a proxy that is trusted or the connection tells it. */
  origin: string | undefined;
  /** From `/` to `/`. */
  path: (request: FastifyRequest) => string;
}

declare module "fastify" {
  interface FastifyInstance {
    publicPlace: PublicPlace;
  }
}

/** The origin that the service's own pages have in this browser. */
const ownOrigin = ({ server: { publicPlace }, protocol, host }: FastifyRequest): string =>
  publicPlace.origin ?? `${protocol}://${host}`;

const pathOf = (request: FastifyRequest): string => request.server.publicPlace.path(request);

/** The address under which browsers see a path of the service, which is given without a slash before it. */
export const publicUrlOf = (request: FastifyRequest, path: string): URL =>
  new URL(`${pathOf(request)}${path}`, ownOrigin(request));

const isSecure = (request: FastifyRequest): boolean => ownOrigin(request).startsWith("https:");

/**
 * Over https a browser is told to take such a cookie from this host alone (`__Host-`), or, where other services have other paths of the host, for
 * this path alone. Over plain http browsers keep neither.
 */
function nameOf(request: FastifyRequest, name: string): string {
  const prefix = pathOf(request) === "/" ? "__Host-" : "__Secure-";
  return `${isSecure(request) ? prefix : ""}espalier-${name}`;
}

const loopback = /^(localhost|[\w.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** @throws {Problem} where a key and a cookie would cross a network in clear, and nobody has said that they may */
export function refuseInClear(request: FastifyRequest): void {
  if (isSecure(request) || request.server.publicPlace.origin !== undefined || loopback.test(request.host))
    return;
  throw new Problem(
    "request/invalid",
    "A browser signs in over https, or on its own host (http://127.0.0.1…); put a proxy that speaks TLS before the API, and name the proxy in ESPALIER_TRUSTED_PROXIES, or its address in ESPALIER_PUBLIC_ORIGIN.",
  );
}

export type CookieName = "session" | "sign-in";

/** The value of a cookie of the request; undefined where it has none. */
export const cookieOf = (request: FastifyRequest, name: CookieName): string | undefined =>
  parseCookie(request.headers.cookie ?? "")[nameOf(request, name)] || undefined;

/** Gives the browser a cookie that no script and no other site can read, for so many seconds; 0 takes it away. */
export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  name: CookieName,
  { value, maxAge, sameSite = "strict" }: { value: string; maxAge: number; sameSite?: "strict" | "lax" },
): void {
  const cookie = stringifySetCookie({
    name: nameOf(request, name),
    value,
    maxAge,
    path: pathOf(request),
    httpOnly: true,
    secure: isSecure(request),
    sameSite,
  });
  void reply.header("set-cookie", cookie).header("cache-control", "no-store");
}

/** Signs the browser in; it forgets the session when that ends. */
export function setSession(
  request: FastifyRequest,
  reply: FastifyReply,
  { key, text }: { key: ApiKey; text: string },
): void {
  const maxAge = Math.max(1, Math.floor((Date.parse(key.expiresAt!) - Date.now()) / 1000));
  setCookie(request, reply, "session", { value: text, maxAge });
}

/**
 * Refuses what another site made a browser send with the session's cookie. Browsers that are of this decade send none with it; this is for
 * those that do, and for pages of other origins of the same site. A link elsewhere may lead to what only reads.
 * @throws {Problem} `auth/forbidden`
 */
export function refuseOtherSites(request: FastifyRequest): void {
  const { origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
  const changes = !["GET", "HEAD"].includes(request.method);
  if (site === "same-origin" || (site === undefined && origin === ownOrigin(request))) return;
  if (!changes && (site === undefined ? origin === undefined : site === "none" || mode === "navigate"))
    return;
  throw new Problem(
    "auth/forbidden",
    `With a session's cookie this must come from the service's own pages (${ownOrigin(request)}), not from ${site ?? origin ?? "a client that does not say from where"}.`,
  );
}
