import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Event, idOf } from "@espalier/contract";
import type { Store } from "@espalier/store";
import { Type } from "typebox";
import { viewer } from "../auth/access.ts";
import { KeyWatch } from "../auth/key-watch.ts";
import { principalOf } from "../auth/principal.ts";
import { OpenStreams } from "../limits/open-streams.ts";
import { EventFeed } from "./feed.ts";
import { streamEvents } from "./stream.ts";

const RunId = Type.Object({ runId: idOf("run") }, { additionalProperties: false });

const Headers = Type.Object({
  "last-event-id": Type.Optional(
    Type.String({
      pattern: "^(?:\\d{1,19}-\\d{1,19})?$",
      description: "of the last message that came: what followed is sent first",
    }),
  ),
});

/** The schema of the `data` of each message. The stream itself is written by `streamEvents`. */
const response = {
  200: {
    description: "server-sent events; each `data` is an event",
    content: { "text/event-stream": { schema: Event } },
  },
};

/** Live events of the team, or of one run, as server-sent events. */
export const events: FastifyPluginAsyncTypebox<{ store: Store; streamsPerKey: number }> = async (
  app,
  { store, streamsPerKey },
) => {
  const open = new OpenStreams(streamsPerKey);
  const feed = new EventFeed(store.events);
  const watch = new KeyWatch(store.teams, app.log);
  app.get("/events", { config: viewer, schema: { headers: Headers, response } }, async (request, reply) => {
    const by = principalOf(request);
    await streamEvents(request, reply, { store, feed, watch, open, by, teamId: by.teamId });
  });

  app.get(
    "/runs/:runId/events",
    { config: viewer, schema: { headers: Headers, params: RunId, response } },
    async (request, reply) => {
      const [by, { runId }] = [principalOf(request), request.params];
      const { teamId } = by;
      await store.runs.get(teamId, runId);
      await streamEvents(request, reply, { store, feed, watch, open, by, teamId, runId });
    },
  );
};
