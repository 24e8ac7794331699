import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import {
  Firing,
  idOf,
  MadeByQuery,
  PageQuery,
  Schedule,
  ScheduleChange,
  ScheduleCreate,
} from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member, owned, viewer } from "../auth/access.ts";
import { ownerOf, roleOf, teamOf } from "../auth/principal.ts";
import { answerOnce, IdempotentHeaders } from "../http/idempotency.ts";
import { page } from "../http/page.ts";
import { checkSubmission, checkSubmittedClass } from "./check.ts";

const ScheduleId = Type.Object({ scheduleId: idOf("schedule") }, { additionalProperties: false });

/** Submissions that repeat. */
export const schedules: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.post(
    "/",
    {
      config: member,
      schema: { headers: IdempotentHeaders, body: ScheduleCreate, response: { 201: Schedule } },
    },
    async (request, reply) => {
      const [teamId, schedule] = [teamOf(request), request.body];
      await checkSubmittedClass(schedule.submission, store, roleOf(request));
      await checkSubmission(schedule.submission, store, teamId);
      return answerOnce(store, { request, reply, status: 201 }, (tx) =>
        store.schedules.create({ ...ownerOf(request), schedule }, tx),
      );
    },
  );

  app.get(
    "/",
    { config: viewer, schema: { querystring: MadeByQuery, response: { 200: page(Schedule) } } },
    (request) => store.schedules.list(teamOf(request), request.query),
  );

  const schema = { params: ScheduleId, response: { 200: Schedule } };
  const one = { config: owned("schedule"), schema };
  app.get("/:scheduleId", { config: viewer, schema }, (request) =>
    store.schedules.get(teamOf(request), request.params.scheduleId),
  );
  app.patch(
    "/:scheduleId",
    {
      config: owned("schedule"),
      schema: { params: ScheduleId, body: ScheduleChange, response: { 200: Schedule } },
    },
    (request) => store.schedules.change(teamOf(request), request.params.scheduleId, request.body),
  );
  app.get(
    "/:scheduleId/firings",
    {
      config: viewer,
      schema: { params: ScheduleId, querystring: PageQuery, response: { 200: page(Firing) } },
    },
    (request) => store.schedules.firings(teamOf(request), request.params.scheduleId, request.query),
  );
  app.post("/:scheduleId/pause", one, (request) =>
    store.schedules.enable(teamOf(request), request.params.scheduleId, false),
  );
  app.post("/:scheduleId/resume", one, (request) =>
    store.schedules.enable(teamOf(request), request.params.scheduleId, true),
  );
  app.delete(
    "/:scheduleId",
    { config: owned("schedule"), schema: { params: ScheduleId, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await store.schedules.remove(teamOf(request), request.params.scheduleId);
      return reply.code(204).send(null);
    },
  );
};
