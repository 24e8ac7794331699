import type { Event } from "@espalier/contract";
import { readEvents } from "@espalier/contract/sse";
import type { LiveMessage, LiveStatus } from "./messages.ts";

const pauses = { first: 500, most: 10_000 };
/** The server says every 15 seconds that it is there; a connection that is silent for longer is dead. */
const silenceMs = 40_000;
/** After this long without events pages say that what they show may be old. */
const staleMs = 15_000;

/** Follows the events of the team and goes on from the last one seen, whatever breaks in between. */
export class EventStream {
  readonly #url: string;
  readonly #tell: (message: LiveMessage) => void;
  #lastId: string | undefined;
  #failures = 0;
  #lostAt = Date.now();
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  status: LiveStatus = "connecting";

  constructor(url: string, tell: (message: LiveMessage) => void) {
    this.#url = url;
    this.#tell = tell;
  }

  /** Connects, or does so at once where it was waiting. */
  connect(): void {
    if (this.status === "live") return;
    this.close();
    this.#abort = new AbortController();
    this.#set("connecting");
    void this.#run(this.#abort);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#set("connecting");
  }

  #set(status: LiveStatus): void {
    if (status === this.status) return;
    this.status = status;
    this.#tell({ type: "status", status });
  }

  async #run(abort: AbortController): Promise<void> {
    const again = await this.#read(abort).catch(() => true);
    if (abort.signal.aborted && abort !== this.#abort) return;
    if (!again) return this.#set("signed-out");
    if (this.status === "live") this.#lostAt = Date.now();
    this.#failures += 1;
    this.#set(Date.now() - this.#lostAt > staleMs ? "stale" : "connecting");
    const ms = Math.min(pauses.first * 2 ** Math.min(this.#failures - 1, 6), pauses.most);
    this.#timer = setTimeout(() => {
      this.#abort = new AbortController();
      void this.#run(this.#abort);
    }, ms);
  }

  /** Resolves when the connection has ended: whether to try again. */
  async #read(abort: AbortController): Promise<boolean> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (this.#lastId !== undefined) headers["last-event-id"] = this.#lastId;
    const response = await fetch(this.#url, { headers, signal: abort.signal, cache: "no-store" });
    if (response.status === 401) return false;
    if (response.status === 400 && this.#lastId !== undefined) {
      // The id is of another database, from which nothing follows.
      this.#lastId = undefined;
      this.#tell({ type: "gap" });
      return true;
    }
    if (!response.ok || !response.body) return true;
    if (this.#lastId === undefined) this.#tell({ type: "gap" });
    this.#failures = 0;
    this.#set("live");
    for await (const message of readEvents(watched(response.body, abort))) {
      if (message.id !== undefined) this.#lastId = message.id;
      if (message.data !== "") this.#tell({ type: "event", event: JSON.parse(message.data) as Event });
    }
    return true;
  }
}

/** The same bytes, of a connection that is given up when none come for too long. */
function watched(body: ReadableStream<Uint8Array>, abort: AbortController): ReadableStream<Uint8Array> {
  let timer = setTimeout(() => abort.abort(), silenceMs);
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), silenceMs);
        controller.enqueue(chunk);
      },
      flush: () => clearTimeout(timer),
    }),
  );
}
