import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Me } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { principalOf } from "../auth/principal.ts";
import { describeMe } from "./me.ts";

/** Whose the key or the session of the request is, and what its team and its user may use and have used. */
export const me: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get("/me", { config: viewer, schema: { response: { 200: Me } } }, (request) =>
    describeMe(store, principalOf(request)),
  );
};
