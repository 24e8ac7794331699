import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Experiment, ExperimentSpec, idOf, PageQuery } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { ownerOf, teamOf } from "../plugins/auth.ts";
import { answerOnce } from "../plugins/idempotency.ts";
import { page } from "../plugins/page.ts";
import { checkExperiment } from "./check.ts";
import { expand } from "./expand.ts";
import { expected } from "./expected.ts";
import { viewOf } from "./view.ts";

const ExperimentId = Type.Object({ experimentId: idOf("experiment") }, { additionalProperties: false });

/** Recipes that expand into runs and end in one report. */
export const experiments: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/",
    { schema: { body: ExperimentSpec, response: { 202: Experiment } } },
    async (request, reply) => {
      const [teamId, spec] = [teamOf(request), request.body];
      await checkExperiment(spec, store, teamId);
      const runs = expected(expand(spec), await store.models.get(teamId, spec.modelId));
      return answerOnce(store, { request, reply, status: 202 }, async (tx) =>
        viewOf(store, teamId, await store.experiments.submit({ ...ownerOf(request), spec, runs }, tx)),
      );
    },
  );

  app.get(
    "/",
    { schema: { querystring: PageQuery, response: { 200: page(Experiment) } } },
    async (request) => {
      const teamId = teamOf(request);
      const { items, ...rest } = await store.experiments.list(teamId, request.query);
      return { items: await Promise.all(items.map((record) => viewOf(store, teamId, record))), ...rest };
    },
  );

  const one = { schema: { params: ExperimentId, response: { 200: Experiment } } };
  app.get("/:experimentId", one, async (request) => {
    const teamId = teamOf(request);
    return viewOf(store, teamId, await store.experiments.get(teamId, request.params.experimentId));
  });
  app.post("/:experimentId/cancel", one, async (request) => {
    const teamId = teamOf(request);
    return viewOf(store, teamId, await store.experiments.cancel(teamId, request.params.experimentId));
  });
};
