import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Problem } from "@espalier/contract";
import type { SessionTimes, Store } from "@espalier/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { anyone } from "../auth/access.ts";
import { cookieOf, publicUrlOf, refuseInClear, setCookie, setSession } from "../auth/session-cookie.ts";
import { membershipOf, membershipsOf, nameOf } from "./membership.ts";
import { showProblem } from "./problem-page.ts";
import type { Attempt, Provider, SignedIn } from "./provider.ts";

/** How long somebody may take at the provider. */
const attemptSeconds = 600;
const callback = "v1/session/oidc/callback";

/** What the browser brings back, beside what the provider adds to the address. */
interface Kept extends Attempt {
  team?: string;
  /** Where to go afterwards, below the service's path. */
  to: string;
}

const Start = Type.Object(
  {
    team: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    to: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
);

interface Options {
  store: Store;
  times: SessionTimes;
  /** Absent: browsers sign in with keys alone. */
  provider?: Provider | undefined;
}

/** Browsers sign in by an OpenID provider: the code flow with PKCE, state and nonce. Both routes are pages that a browser opens. */
export const oidc: FastifyPluginAsyncTypebox<Options> = async (app, { store, times, provider }) => {
  if (provider) app.addHook("onClose", () => provider.close());

  app.get("/session/oidc", { config: anyone, schema: { hide: true, querystring: Start } }, (request, reply) =>
    orPage(request, reply, async () => {
      refuseInClear(request);
      const { team, to = "" } = request.query;
      const { url, attempt } = await configured(provider).begin(publicUrlOf(request, callback).href);
      const kept: Kept = { ...attempt, to: pathWithin(request, to), ...(team === undefined ? {} : { team }) };
      const value = Buffer.from(JSON.stringify(kept)).toString("base64url");
      // The provider's page leads back here, which browsers take for another site's doing.
      setCookie(request, reply, "sign-in", { value, maxAge: attemptSeconds, sameSite: "lax" });
      return reply.redirect(url.href, 302);
    }),
  );

  app.get("/session/oidc/callback", { config: anyone, schema: { hide: true } }, (request, reply) =>
    orPage(request, reply, async () => {
      const { team, to, ...attempt } = keptOf(request);
      const url = publicUrlOf(request, callback);
      url.search = new URL(request.url, url).search;
      await open(request, reply, await configured(provider).finish(url, attempt), team);
      return reply.redirect(to, 302);
    }),
  );

  async function open(
    request: FastifyRequest,
    reply: FastifyReply,
    { claims, idToken }: SignedIn,
    wanted?: string,
  ) {
    const { settings } = configured(provider);
    const { team: name, role, operator = false } = membershipOf(claims, settings, wanted);
    const { id: teamId } = await store.teams.ensure(name);
    const identity = {
      issuer: settings.issuer.href,
      subject: claims.sub,
      userName: nameOf(claims, settings),
      teamId,
      role,
      operator,
      memberships: membershipsOf(claims, settings).map(({ team, role, operator }) => ({
        name: team,
        role,
        ...(operator && { operator }),
      })),
      idToken,
    };
    const act = {
      action: "session.open",
      by: { user: identity.userName },
      operator: false,
      team: { id: teamId },
      subject: { kind: "session" },
      change: { issuer: settings.issuer.host, subject: claims.sub, role },
      requestId: request.id,
      address: request.ip,
      made: (result: unknown) => (result as { id: string }).id,
    } as const;
    const { result } = await store.audit.doAct(act, () => store.teams.openIdentitySession(identity, times));
    setSession(request, reply, result);
  }
};

function configured(provider: Provider | undefined): Provider {
  if (provider) return provider;
  throw new Problem("resource/not-found", "Nobody signs in by an OpenID provider here; use an API key.");
}

/** @throws {Problem} for whoever was not sent away from here, took too long, or comes back a second time */
function keptOf(request: FastifyRequest): Kept {
  try {
    return JSON.parse(Buffer.from(cookieOf(request, "sign-in") ?? "", "base64url").toString()) as Kept;
  } catch {
    throw new Problem(
      "auth/required",
      "This sign-in was not begun in this browser, or longer than ten minutes ago; sign in again.",
    );
  }
}

/** An address below the service's own path; of any other, the service's first page. */
function pathWithin(request: FastifyRequest, to: string): string {
  const home = publicUrlOf(request, "");
  const url = URL.canParse(to, home.href) ? new URL(to, home) : home;
  const isOwn = url.origin === home.origin && url.pathname.startsWith(home.pathname);
  return isOwn ? `${url.pathname}${url.search}${url.hash}` : home.pathname;
}

async function orPage(
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    return showProblem(error, request, reply, publicUrlOf(request, "").pathname);
  }
}
