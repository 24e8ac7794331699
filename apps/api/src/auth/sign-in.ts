import { Problem } from "@espalier/contract";
import type { SignIn } from "@espalier/store";
import type { FastifyRequest } from "fastify";
import type { Principal } from "./principal.ts";
import { cookieOf, refuseInClear, refuseOtherSites } from "./session-cookie.ts";

/** Finds whom a key belongs to; a session's text is known only where its cookie has it. */
export type Authenticate = (key: string, session?: boolean) => Promise<SignIn>;

/** By what a request says who it is: an `Authorization` header, else the cookie of a browser's session. */
export function credentialOf(request: FastifyRequest): { header: string } | { session: string } | undefined {
  const { authorization: header } = request.headers;
  if (header !== undefined) return { header };
  const session = cookieOf(request, "session");
  return session === undefined ? undefined : { session };
}

/**
 * Who the request is by: its key in `Authorization: Bearer <key>`, or a browser's session.
 * @throws {Problem} `auth/required`, and the log has a line that says which key it was, and from where; `auth/forbidden` for what
 *   another site made a browser send
 */
export async function signIn(request: FastifyRequest, authenticate: Authenticate): Promise<Principal> {
  const credential = credentialOf(request);
  if (credential !== undefined && "session" in credential) {
    refuseOtherSites(request);
    return verified(request, credential.session, (text) => authenticate(text, true));
  }
  const [, key] = /^Bearer +(\S{1,256})$/i.exec(credential?.header ?? "") ?? [];
  if (key === undefined)
    throw new Problem("auth/required", "Send your API key as `Authorization: Bearer <key>`.");
  return verified(request, key, authenticate);
}

/**
 * Who a browser signs in as: the `key` in the body of the request.
 * @throws {Problem} as `signIn`, and `request/invalid` where the key has crossed a network in clear
 */
export async function signInByBody(request: FastifyRequest, authenticate: Authenticate): Promise<Principal> {
  refuseInClear(request);
  // Another site must not sign a browser in as somebody else either. What is no browser says nothing of sites.
  const { origin, "sec-fetch-site": site } = request.headers;
  if (origin !== undefined || site !== undefined) refuseOtherSites(request);
  return verified(request, (request.body as { key: string }).key, authenticate);
}

/** @throws {Problem} `auth/required`, with a line in the log */
async function verified(
  request: FastifyRequest,
  text: string,
  authenticate: Authenticate,
): Promise<Principal> {
  const found = await authenticate(text);
  if ("caller" in found) return found.caller;
  request.log.warn({ ...found, address: request.ip }, "sign-in refused");
  throw new Problem("auth/required", reasons[found.refusal]("since" in found ? found.since : undefined));
}

/** What a holder of the whole key may know of it; of any other nothing is said. */
const reasons = {
  malformed: () => "This is not an API key: it has no right check digits, so it was mistyped or cut off.",
  unknown: () => "This API key is not known.",
  revoked: (since = "") => `This API key was revoked at ${since}; ask an admin of your team for another one.`,
  expired: (since = "") => `This API key ended at ${since}; ask an admin of your team for another one.`,
} satisfies Record<Exclude<SignIn, { caller: unknown }>["refusal"], (since?: string) => string>;
