import { addressOf } from "../api/request.ts";
import { EventStream } from "./event-stream.ts";
import type { LiveMessage, PageMessage } from "./messages.ts";

export interface Following {
  connect(): void;
}

/** Hears the events of the browser's one stream; where there are no shared workers, of one of its own. */
export function followEvents(hear: (message: LiveMessage) => void): Following {
  const url = addressOf("events");
  if (typeof SharedWorker === "undefined") {
    const stream = new EventStream(url, hear);
    stream.connect();
    return stream;
  }
  const { port } = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: url });
  const say = (message: PageMessage): void => port.postMessage(message);
  port.addEventListener("message", ({ data }: MessageEvent<LiveMessage>) => hear(data));
  port.start();
  addEventListener("pagehide", () => say("close"));
  // A page that comes back from the browser's cache has missed what came meanwhile.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  return { connect: () => say("connect") };
}
