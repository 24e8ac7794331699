import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Event } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { KeyWatch } from "../auth/key-watch.ts";
import { limitedKeyOf, type Principal } from "../auth/principal.ts";
import type { OpenStreams } from "../limits/open-streams.ts";
import type { EventFeed } from "./feed.ts";
import { follow, type Subject } from "./follow.ts";

interface Source extends Subject {
  store: Pick<Store, "events">;
  feed: EventFeed;
  /** Ends the stream when its key is revoked or ends. */
  watch: KeyWatch;
  open: OpenStreams;
  by: Principal;
}

const heartbeatMs = 15_000;
/** A client that reads more slowly than events come is disconnected when this much is unsent. It resumes where it was. */
const maxUnsentBytes = 1_000_000;
/** Progress is dropped for a client for which this much is unsent, because newer progress will follow. */
const maxBehindBytes = 64_000;
/** A client that takes nothing for this long is disconnected while the past is read to it, or when it was told to resume. */
const patienceMs = 10_000;

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/**
 * Streams events as `text/event-stream` until the client leaves, beginning after its `Last-Event-ID`, or now if it sends
 * none. Progress is sent as it comes, without an id. Comments keep proxies from closing an idle connection.
 */
export async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  { store: { events }, feed, watch, open, by, ...subject }: Source,
): Promise<void> {
  if (request.method === "HEAD") return void reply.headers(streamHeaders).send();
  const lastId = request.headers["last-event-id"];
  const resumes = typeof lastId === "string" && lastId !== "";
  // An id that was never given is refused before the answer begins.
  if (resumes) await events.read(subject.teamId, { after: lastId, limit: 1 });
  const after = resumes ? lastId : await events.position();

  const close = open.open(limitedKeyOf(by));
  const raw: ServerResponse = reply.raw;
  const heartbeat = setInterval(() => raw.write(": still here\n\n"), heartbeatMs);
  let leave = (): void => undefined;
  const unwatch = watch.follow(by.keyId, () => end("the key was revoked or has ended;"));
  raw.on("close", () => {
    clearInterval(heartbeat);
    unwatch();
    leave();
    close();
  });
  reply.hijack();
  raw.writeHead(200, streamHeaders);
  raw.write(`retry: 1000\nid: ${after}\ndata:\n\n`);

  /** The client connects again with its `Last-Event-ID`. */
  const end = (hint: string): void => {
    leave();
    clearInterval(heartbeat);
    raw.end(`: ${hint} connect again with Last-Event-ID\n\n`);
    setTimeout(() => raw.destroy(), patienceMs).unref();
  };
  const fail = (error: unknown): void => {
    request.log.warn({ err: error }, "event stream ended");
    end("the events cannot be read now;");
  };
  try {
    leave = await follow({ feed, events }, subject, {
      after,
      fail,
      outlet: {
        event(event) {
          if (raw.writableEnded || raw.destroyed) return;
          raw.write(`id: ${event.id}\n${frame(event)}`);
          if (raw.writableLength > maxUnsentBytes) end("events came faster than they were read;");
        },
        progress(event) {
          if (!raw.writableEnded && raw.writableLength < maxBehindBytes) raw.write(frame(event));
        },
        async room() {
          if (raw.writableNeedDrain && !raw.writableEnded) {
            const signal = AbortSignal.timeout(patienceMs);
            await Promise.race([once(raw, "drain", { signal }), once(raw, "close", { signal })]).catch(() =>
              raw.destroy(),
            );
          }
          return !raw.destroyed && !raw.writableEnded;
        },
      },
    });
    if (raw.destroyed || raw.writableEnded) leave();
  } catch (error) {
    fail(error);
  }
}

const frame = (event: Event): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
