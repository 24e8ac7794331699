import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  Artifact,
  Attempt,
  idOf,
  LogPage,
  LogsQuery,
  Metric,
  MetricsQuery,
  Problem,
  Run,
  RunCreate,
  RunPatch,
  TimelineEntry,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { member, owned, viewer } from "../auth/access.ts";
import { actorOf, authorOf, ownerOf, roleOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { list, page } from "../http/page.ts";
import { patch, patched } from "../http/patch.ts";
import { parserOf } from "../http/validation.ts";
import { checkSpec } from "./check.ts";
import { checkNeeds } from "./needs.ts";
import { expectationsOf } from "./origin.ts";
import { checkClass } from "../teams/urgent.ts";

const RunId = Type.Object({ runId: idOf("run") }, { additionalProperties: false });
/** A log is data, or text for people. */
const logs = {
  description: "a page of it",
  content: {
    "application/json": { schema: LogPage },
    "text/plain": { schema: Type.Unsafe<unknown>({ type: "string" }) },
  },
};
const textOf = ({ items }: LogPage): string =>
  items.map(({ at, level, message }) => `${at} ${level.padEnd(5)} ${message}\n`).join("");
const parseSpec = parserOf(RunCreate.properties.spec);

/** Units of work: submit, follow, hold, change, cancel, retry, clone. */
export const runs: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  /** Refused before anything is stored, or submitted. */
  async function submit(
    run: RunCreate & { clonedFrom?: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    const teamId = teamOf(request);
    await checkClass(run.class, { store, ...roleOf(request), field: "" });
    await checkSpec(run.spec, { store, teamId, field: "/spec" });
    await checkNeeds(run.needs, { store, field: "/needs" });
    const expected = await expectationsOf(run, { store, teamId, field: "/needs" });
    return answerOnce(store, { request, reply, status: 202 }, (tx) =>
      store.runs.submit({ ...ownerOf(request), ...run, ...expected }, tx),
    );
  }

  app.post(
    "/",
    { config: member, schema: { headers: IdempotentHeaders, body: RunCreate, response: { 202: Run } } },
    (request, reply) => submit(request.body, request, reply),
  );

  const schema = { params: RunId, response: { 200: Run } };
  const one = { config: owned("run"), schema };
  app.get("/:runId", { config: viewer, schema }, (request) =>
    store.runs.get(teamOf(request), request.params.runId),
  );
  app.post("/:runId/cancel", one, (request) =>
    store.runs.cancel(teamOf(request), request.params.runId, authorOf(request)),
  );
  app.post("/:runId/hold", one, (request) =>
    store.runs.hold(teamOf(request), request.params.runId, actorOf(request)),
  );
  app.post("/:runId/release", one, (request) =>
    store.runs.release(teamOf(request), request.params.runId, actorOf(request)),
  );
  app.patch(
    "/:runId",
    { config: owned("run"), schema: { params: RunId, body: RunPatch, response: { 200: Run } } },
    async (request) => {
      await checkClass(request.body.class, { store, ...roleOf(request), field: "" });
      return store.runs.change({
        teamId: teamOf(request),
        runId: request.params.runId,
        change: request.body,
        by: actorOf(request),
      });
    },
  );
  app.post("/:runId/retry", one, (request) => store.runs.retry(teamOf(request), request.params.runId));
  app.post(
    "/:runId/clone",
    {
      config: member,
      schema: { headers: IdempotentHeaders, params: RunId, ...patch, response: { 202: Run } },
    },
    async (request, reply) => {
      const {
        kind,
        spec,
        class: priorityClass,
        priority,
        needs,
        limits,
        tags,
      } = await store.runs.get(teamOf(request), request.params.runId);
      if (kind === "import")
        throw new Problem("run/illegal-move", "An import is not cloned; submit it as a model again.", {
          runId: request.params.runId,
        });
      return submit(
        {
          spec: parseSpec(patched(spec, request)),
          class: priorityClass,
          priority,
          needs,
          ...(limits && { limits }),
          ...(tags && { tags }),
          clonedFrom: request.params.runId,
        },
        request,
        reply,
      );
    },
  );

  app.get(
    "/:runId/attempts",
    { config: viewer, schema: { params: RunId, response: { 200: list(Attempt) } } },
    async (request) => ({
      items: await store.runs.attempts(teamOf(request), request.params.runId),
    }),
  );

  app.get(
    "/:runId/artifacts",
    { config: viewer, schema: { params: RunId, response: { 200: list(Artifact) } } },
    async (request) => ({
      items: await store.artifacts.ofRun(teamOf(request), request.params.runId),
    }),
  );

  app.get(
    "/:runId/metrics",
    { config: viewer, schema: { params: RunId, querystring: MetricsQuery, response: { 200: page(Metric) } } },
    (request) => store.metrics.list(teamOf(request), request.params.runId, request.query),
  );

  app.get(
    "/:runId/timeline",
    { config: viewer, schema: { params: RunId, response: { 200: list(TimelineEntry) } } },
    async (request) => ({ items: await store.runs.timeline(teamOf(request), request.params.runId) }),
  );

  app.get(
    "/:runId/logs",
    { config: viewer, schema: { params: RunId, querystring: LogsQuery, response: { 200: logs } } },
    async (request, reply) => {
      const { format, ...query } = request.query;
      const found = await store.logs.list(teamOf(request), request.params.runId, query);
      return format === "text" ? reply.type("text/plain; charset=utf-8").send(textOf(found)) : found;
    },
  );
};
