import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Me, Problem, SessionCreate, SignInWays } from "@espalier/contract";
import type { SessionTimes, Store } from "@espalier/store";
import { Type } from "typebox";
import { anyone, signsIn, viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";
import { setCookie, setSession } from "../auth/session-cookie.ts";
import type { Provider } from "../oidc/provider.ts";
import { describeMe } from "../me/me.ts";

/** Browsers that have signed in. */
export const session: FastifyPluginAsyncTypebox<{
  store: Store;
  times: SessionTimes;
  provider?: Pick<Provider, "settings"> | undefined;
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
    { config: viewer, schema: { response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { teamId, keyId, session } = principalOf(request);
      if (!session)
        throw new Problem(
          "resource/conflict",
          "This request has a key and no session's cookie; a key is revoked by DELETE /v1/keys/{keyId}.",
        );
      await store.teams.revokeKey(teamId, keyId);
      setCookie(request, reply, "session", { value: "", maxAge: 0 });
      return reply.code(204).send(null);
    },
  );
};
