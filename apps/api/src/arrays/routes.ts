import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { ArrayCreate, idOf, MadeByQuery, RunArray, RunChange } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, owned, viewer } from "../auth/access.ts";
import { actorOf, authorOf, ownerOf, roleOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { page } from "../http/page.ts";
import { checkSpec } from "../runs/check.ts";
import { checkNeeds } from "../runs/needs.ts";
import { expectationsOf } from "../runs/origin.ts";
import { checkClass } from "../teams/urgent.ts";
import { expandArray } from "./expand.ts";

const ArrayId = Type.Object({ arrayId: idOf("array") }, { additionalProperties: false });

/** Runs that differ in an index, submitted and controlled as one. */
export const arrays: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/",
    {
      config: member,
      schema: { headers: IdempotentHeaders, body: ArrayCreate, response: { 202: RunArray } },
    },
    async (request, reply) => {
      const teamId = teamOf(request);
      const { array, needs } = request.body;
      await checkClass(request.body.class, { store, ...roleOf(request), field: "" });
      const { runs, indices, atOnce } = expandArray(request.body);
      await checkNeeds(needs, { store, field: "/needs" });
      const expected: Awaited<ReturnType<typeof expectationsOf>>[] = [];
      for (const { spec } of runs) {
        await checkSpec(spec, { store, teamId, field: "/spec" });
        expected.push(await expectationsOf({ spec, needs }, { store, teamId, field: "/needs" }));
      }
      return answerOnce(store, { request, reply, status: 202 }, (tx) =>
        store.arrays.submit(
          {
            ...ownerOf(request),
            array,
            ...(atOnce === undefined ? {} : { atOnce }),
            runs: runs.map((run, i) => ({ ...run, ...expected[i], index: indices[i]! })),
          },
          tx,
        ),
      );
    },
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: MadeByQuery, response: { 200: page(RunArray) } } },
    (request) => store.arrays.list(teamOf(request), request.query),
  );

  const schema = { params: ArrayId, response: { 200: RunArray } };
  const one = { config: owned("array"), schema };
  app.get("/:arrayId", { config: viewer, schema }, (request) =>
    store.arrays.get(teamOf(request), request.params.arrayId),
  );
  app.post("/:arrayId/cancel", one, (request) =>
    store.arrays.cancel(teamOf(request), request.params.arrayId, authorOf(request)),
  );
  for (const verb of ["hold", "release"] as const)
    app.post(`/:arrayId/${verb}`, one, (request) =>
      store.arrays[verb](teamOf(request), request.params.arrayId, actorOf(request)),
    );
  app.patch(
    "/:arrayId",
    { config: owned("array"), schema: { params: ArrayId, body: RunChange, response: { 200: RunArray } } },
    async (request) => {
      await checkClass(request.body.class, { store, ...roleOf(request), field: "" });
      const [teamId, { arrayId }] = [teamOf(request), request.params];
      return store.arrays.change({ teamId, arrayId, change: request.body, by: actorOf(request) });
    },
  );
};
