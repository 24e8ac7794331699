import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Me, Problem, SessionCreate, SignedOut, SignInWays } from "@espalier/contract";
import type { SessionTimes, Store } from "@espalier/store";
import { Type } from "typebox";
import { anyone, signsIn, viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";
import { publicUrlOf, setCookie, setSession } from "../auth/session-cookie.ts";
import type { Provider } from "../oidc/provider.ts";
import { describeMe } from "../me/me.ts";

/** Browsers that have signed in. */
export const session: FastifyPluginAsyncTypebox<{
  store: Store;
  times: SessionTimes;
  provider?: Pick<Provider, "settings" | "end"> | undefined;
}> = async (app, { store, times, provider }) => {
  app.get("/session", { config: anyone, schema: { response: { 200: SignInWays } } }, async () => ({
    key: true,
    ...(provider && { oidc: { host: provider.settings.issuer.host, start: "v1/session/oidc" } }),
  }));

  app.post(
    "/session",
    { config: signsIn, schema: { body: SessionCreate, response: { 200: Me } } },
    async (request, reply) => {
      const by = principalOf(request);
      const opened = await store.teams.openSession(by.keyId, times);
      setSession(request, reply, opened);
      return describeMe(store, { ...by, keyId: opened.key.id });
    },
  );

  app.delete(
    "/session",
    { config: viewer, schema: { response: { 200: SignedOut, 204: Type.Null() } } },
    async (request, reply) => {
      const { teamId, keyId, session } = principalOf(request);
      const signIn = session ? await store.teams.identitySignIn(keyId) : undefined;
      if (!session)
        throw new Problem(
          "resource/conflict",
          "This request has a key and no session's cookie; a key is revoked by DELETE /v1/keys/{keyId}.",
        );
      await store.teams.revokeKey(teamId, keyId);
      setCookie(request, reply, "session", { value: "", maxAge: 0 });
      // Here the session has ended in any case; a provider that is away only keeps its own.
      const next =
        signIn &&
        (await provider?.end(publicUrlOf(request, ""), signIn.idToken).catch((error: unknown) => {
          request.log.warn({ err: error }, "the sign-in goes on at the OpenID provider");
          return undefined;
        }));
      if (next) return reply.code(200).send({ next: next.href });
      return reply.code(204).send(null);
    },
  );
};
