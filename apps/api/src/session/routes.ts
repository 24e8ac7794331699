import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Me, Problem, SessionCreate } from "@espalier/contract";
import type { SessionTimes, Store } from "@espalier/store";
import { Type } from "typebox";
import { signsIn, viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";
import { setCookie } from "../auth/session-cookie.ts";
import { describeMe } from "../me/me.ts";

/** Browsers that have signed in. */
export const session: FastifyPluginAsyncTypebox<{ store: Store; times: SessionTimes }> = async (
  app,
  { store, times },
) => {
  app.post(
    "/session",
    { config: signsIn, schema: { body: SessionCreate, response: { 200: Me } } },
    async (request, reply) => {
      const by = principalOf(request);
      const { key, text } = await store.teams.openSession(by.keyId, times);
      const maxAge = Math.max(1, Math.floor((Date.parse(key.expiresAt!) - Date.now()) / 1000));
      setCookie(request, reply, "session", { value: text, maxAge });
      return describeMe(store, { ...by, keyId: key.id });
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
