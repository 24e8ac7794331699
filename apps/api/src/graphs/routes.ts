import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Graph, GraphCreate, type Run } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { member } from "../auth/access.ts";
import { ownerOf, roleOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { checkSpec } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expectationsOf } from "../runs/origin.ts";
import { checkClass } from "../teams/urgent.ts";
import { expandGraph } from "./expand.ts";

/** Runs that depend on one another, submitted as one. */
export const graphs: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/",
    { config: member, schema: { headers: IdempotentHeaders, body: GraphCreate, response: { 202: Graph } } },
    async (request, reply) => {
      const teamId = teamOf(request);
      const planned = expandGraph(request.body);
      const kinds = new Map(planned.map(({ id, spec }) => [id, spec.kind]));
      for (const { name, spec, needs, class: asked } of planned) {
        await checkClass(asked, { store, ...roleOf(request), field: `/runs/${name}` });
        await checkSpec(spec, { store, teamId, field: `/runs/${name}/spec`, planned: kinds });
        await checkNeeds(needs, { store, field: `/runs/${name}/needs` });
      }
      const specs = new Map(planned.map(({ id, spec }) => [id, spec]));
      const expected: Awaited<ReturnType<typeof expectationsOf>>[] = [];
      for (const run of planned) {
        const field = `/runs/${run.name}/needs`;
        expected.push(await expectationsOf(run, { store, teamId, planned: specs, field }));
      }
      return answerOnce(store, { request, reply, status: 202 }, async (tx) => {
        const runs: Record<string, Run> = {};
        for (const [i, { name, ...run }] of planned.entries())
          runs[name] = await store.runs.submit({ ...ownerOf(request), ...run, ...expected[i] }, tx);
        return { runs };
      });
    },
  );
};
