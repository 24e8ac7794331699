import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Event } from "@espalier/contract";
import type { Hint, Store } from "@espalier/store";

interface Source {
  store: Pick<Store, "events">;
  teamId: string;
  runId?: string;
}

const heartbeatMs = 15_000;
/** The events are read this often without a hint, because hints of changes can be lost. */
const pollMs = 2_000;
/** A client that reads more slowly than events come is disconnected when this much is unsent. It resumes where it was. */
const maxUnsentBytes = 1_000_000;
/** Progress is dropped for a client for which this much is unsent, because newer progress will follow. */
const maxBehindBytes = 64_000;

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
  { store, teamId, runId }: Source,
): Promise<void> {
  if (request.method === "HEAD") return void reply.headers(streamHeaders).send();
  const lastId = request.headers["last-event-id"];
  let cursor = typeof lastId === "string" && lastId !== "" ? lastId : await store.events.position();
  const read = () =>
    store.events.read(teamId, { after: cursor, limit: 500, ...(runId === undefined ? {} : { runId }) });
  let { events, cursor: next } = await read();

  const raw: ServerResponse = reply.raw;
  const bell = new Bell();
  const concerns = (hint: Hint) =>
    hint.teamId === "" || (hint.teamId === teamId && (runId === undefined || hint.runId === runId));
  const unsubscribe = store.events.subscribe((hint) => {
    if (!concerns(hint)) return;
    if (!hint.progress) bell.ring();
    else if (!raw.destroyed && raw.writableLength < maxBehindBytes) raw.write(frame(hint.progress));
  });
  const heartbeat = setInterval(() => raw.write(": still here\n\n"), heartbeatMs);
  raw.on("close", () => bell.ring());
  reply.hijack();
  raw.writeHead(200, streamHeaders);
  raw.write(`retry: 1000\nid: ${cursor}\ndata:\n\n`);
  try {
    while (!raw.destroyed && raw.writableLength <= maxUnsentBytes) {
      cursor = next;
      for (const event of events) raw.write(`id: ${event.id}\n${frame(event)}`);
      if (events.length === 0) await bell.heard(pollMs);
      if (!raw.destroyed) ({ events, cursor: next } = await read());
    }
  } catch (error) {
    // The client reconnects with its Last-Event-ID. By then the database may be back.
    request.log.warn({ err: error }, "event stream ended");
  } finally {
    clearInterval(heartbeat);
    unsubscribe();
    raw.destroy();
  }
}

const frame = (event: Event): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** Wakes one waiter. A ring while nobody waits is kept for the next one. */
class Bell {
  #rung = false;
  #wake = (): void => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  async heard(timeoutMs: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
  }
}
