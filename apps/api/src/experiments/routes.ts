import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  type Comparison,
  ComparisonQuery,
  Experiment,
  experimentFileSchema,
  ExperimentSpec,
  idOf,
  MadeByQuery,
  Model,
  PromotionRequest,
  RunChange,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { anyone, member, owned, viewer } from "../auth/access.ts";
import { actorOf, authorOf, ownerOf, roleOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { page } from "../http/page.ts";
import { patch, patched } from "../http/patch.ts";
import { parserOf } from "../http/validation.ts";
import { checkClass } from "../teams/urgent.ts";
import { withAddresses } from "./addresses.ts";
import { checkExperiment } from "./check.ts";
import { Comparisons } from "./comparison.ts";
import { passing } from "./promote.ts";
import { expected } from "./expected.ts";
import { viewOf, viewsOf } from "./view.ts";

const ExperimentId = Type.Object({ experimentId: idOf("experiment") }, { additionalProperties: false });

/** The contract has its type; in the description it would be a seventieth of the whole. */
const compared = Type.Unsafe<Comparison>({
  type: "object",
  description: "docs/evaluation.md has its fields",
});

const parseSpec = parserOf(ExperimentSpec);

/** Recipes that expand into runs and end in one report. */
export const experiments: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const comparisons = new Comparisons(store);

  /** Refused before anything is stored, or submitted as one. */
  async function submit(spec: ExperimentSpec, request: FastifyRequest, reply: FastifyReply) {
    const teamId = teamOf(request);
    await checkClass(spec.class, { store, ...roleOf(request), field: "" });
    await checkExperiment(spec, store, teamId);
    const expanded = await expected(spec, store, teamId);
    const addressed = await withAddresses(expanded, store, teamId);
    const runs = addressed.map((run) => ({ ...run, reuses: spec.fresh !== true }));
    return answerOnce(store, { request, reply, status: 202 }, async (tx) =>
      viewOf(store, teamId, await store.experiments.submit({ ...ownerOf(request), spec, runs }, tx)),
    );
  }

  app.post(
    "/",
    {
      config: member,
      schema: { headers: IdempotentHeaders, body: ExperimentSpec, response: { 202: Experiment } },
    },
    (request, reply) => submit(request.body, request, reply),
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: MadeByQuery, response: { 200: page(Experiment) } } },
    async (request) => {
      const teamId = teamOf(request);
      const { items, ...rest } = await store.experiments.list(teamId, request.query);
      return { items: await viewsOf(store, teamId, items), ...rest };
    },
  );

  const schema = { params: ExperimentId, response: { 200: Experiment } };
  const one = { config: owned("experiment"), schema };
  app.get("/:experimentId", { config: viewer, schema }, async (request) => {
    const teamId = teamOf(request);
    return viewOf(store, teamId, await store.experiments.get(teamId, request.params.experimentId));
  });
  app.get("/schema.json", { config: anyone, schema: { hide: true } }, (_request, reply) =>
    reply.type("application/schema+json").send(experimentFileSchema),
  );
  app.get(
    "/:experimentId/comparison",
    {
      config: viewer,
      schema: { params: ExperimentId, querystring: ComparisonQuery, response: { 200: compared } },
    },
    async (request) => {
      const teamId = teamOf(request);
      const record = await store.experiments.get(teamId, request.params.experimentId);
      return comparisons.of(teamId, record, await viewOf(store, teamId, record), request.query);
    },
  );
  app.post(
    "/:experimentId/promote",
    {
      config: owned("experiment"),
      schema: { params: ExperimentId, body: PromotionRequest, response: { 200: Model } },
    },
    async (request) => {
      const [teamId, { experimentId }] = [teamOf(request), request.params];
      const record = await store.experiments.get(teamId, experimentId);
      const view = await viewOf(store, teamId, record);
      const { modelId, ...passed } = passing(
        view,
        await comparisons.of(teamId, record, view, {}),
        request.body,
      );
      return store.models.promote(teamId, modelId, { experimentId, ...passed, by: authorOf(request) });
    },
  );
  app.post("/:experimentId/cancel", one, async (request) => {
    const teamId = teamOf(request);
    return viewOf(
      store,
      teamId,
      await store.experiments.cancel(teamId, request.params.experimentId, authorOf(request)),
    );
  });
  for (const verb of ["hold", "release"] as const)
    app.post(`/:experimentId/${verb}`, one, async (request) => {
      const teamId = teamOf(request);
      const record = await store.experiments[verb](teamId, request.params.experimentId, actorOf(request));
      return viewOf(store, teamId, record);
    });
  app.patch(
    "/:experimentId",
    {
      config: owned("experiment"),
      schema: { params: ExperimentId, body: RunChange, response: { 200: Experiment } },
    },
    async (request) => {
      const teamId = teamOf(request);
      const { experimentId } = request.params;
      await checkClass(request.body.class, { store, ...roleOf(request), field: "" });
      const change = { teamId, experimentId, change: request.body, by: actorOf(request) };
      return viewOf(store, teamId, await store.experiments.change(change));
    },
  );
  app.post("/:experimentId/retry", one, async (request) => {
    const teamId = teamOf(request);
    return viewOf(store, teamId, await store.experiments.retry(teamId, request.params.experimentId));
  });
  app.post(
    "/:experimentId/clone",
    {
      config: member,
      schema: { headers: IdempotentHeaders, params: ExperimentId, ...patch, response: { 202: Experiment } },
    },
    async (request, reply) => {
      const { spec } = await store.experiments.get(teamOf(request), request.params.experimentId);
      return submit(parseSpec(patched(spec, request)), request, reply);
    },
  );
};
