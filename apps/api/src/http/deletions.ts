import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Deletion, DeletionQuery, idOf, MakerDeletionQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { owned } from "../auth/access.ts";
import { actorOf, teamOf } from "../auth/principal.ts";

/** What can be deleted. Runs and experiments may have made models, which can go with them. */
const queries = {
  artifact: DeletionQuery,
  dataset: DeletionQuery,
  experiment: MakerDeletionQuery,
  model: DeletionQuery,
  run: MakerDeletionQuery,
} as const satisfies { [Noun in keyof Store["deletions"]]: object };

/** `DELETE /v1/runs/:runId`, and so of every noun that can be deleted. */
export const deletions: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  for (const noun of Object.keys(queries) as (keyof typeof queries)[]) {
    const id = `${noun}Id`;
    const params = Type.Object({ [id]: idOf(noun) }, { additionalProperties: false });
    app.delete(
      `/${noun}s/:${id}`,
      { config: owned(noun), schema: { params, querystring: queries[noun], response: { 200: Deletion } } },
      (request) =>
        store.deletions[noun]((request.params as Record<string, string>)[id]!, {
          teamId: teamOf(request),
          actor: actorOf(request),
          ...request.query,
        }),
    );
  }
};
