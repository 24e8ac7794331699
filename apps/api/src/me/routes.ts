import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Me } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";

/** Whose the key of the request is, and what its team and its user may use and have used. */
export const me: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get("/me", { config: viewer, schema: { response: { 200: Me } } }, async (request) => {
    const { teamId, teamName, userId, keyId } = principalOf(request);
    const [{ users, ...team }, key] = await Promise.all([
      store.teams.get(teamName),
      store.teams.getKey(teamId, keyId),
    ]);
    const user = users.find(({ id }) => id === userId);
    return { team, ...(user && { user }), key };
  });
};
