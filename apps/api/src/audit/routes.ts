import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { AuditEntry, AuditQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { viewer } from "../auth/access.ts";
import { isOperator, teamOf } from "../auth/principal.ts";
import { page } from "../http/page.ts";

/** Who has changed what: of the team, and for operators of the pool. */
export const audit: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    "/",
    { config: viewer, schema: { querystring: AuditQuery, response: { 200: page(AuditEntry) } } },
    (request) => store.audit.list({ teamId: teamOf(request), operator: isOperator(request) }, request.query),
  );
};
