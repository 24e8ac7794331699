import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Event, idOf } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { member } from "../auth/access.ts";
import { teamOf } from "../auth/principal.ts";
import { EventFeed } from "./feed.ts";
import { streamEvents } from "./stream.ts";

const RunId = Type.Object({ runId: idOf("run") }, { additionalProperties: false });

/** The schema of the `data` of each message. The stream itself is written by `streamEvents`. */
const response = {
  200: { description: "server-sent events", content: { "text/event-stream": { schema: Event } } },
};

/** Live events of the team, or of one run, as server-sent events. */
export const events: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const feed = new EventFeed(store.events);
  app.get("/events", { config: member, schema: { response } }, async (request, reply) => {
    await streamEvents(request, reply, { store, feed, teamId: teamOf(request) });
  });

  app.get(
    "/runs/:runId/events",
    { config: member, schema: { params: RunId, response } },
    async (request, reply) => {
      const [teamId, { runId }] = [teamOf(request), request.params];
      await store.runs.get(teamId, runId);
      await streamEvents(request, reply, { store, feed, teamId, runId });
    },
  );
};
