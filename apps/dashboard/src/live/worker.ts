import { EventStream } from "./event-stream.ts";
import type { LiveMessage, PageMessage } from "./messages.ts";

// One for all pages of a browser, because HTTP/1.1 allows six connections to a server, and each stream holds one.
const ports = new Set<MessagePort>();
const tell = (message: LiveMessage): void => {
  for (const port of ports) port.postMessage(message);
};
// The address of the events is the name of the worker.
const stream = new EventStream((globalThis as unknown as { name: string }).name, tell);

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  ports.add(port);
  port.addEventListener("message", ({ data }: MessageEvent<PageMessage>) => {
    if (data === "connect") stream.connect();
    else {
      ports.delete(port);
      if (ports.size === 0) stream.close();
    }
  });
  port.start();
  port.postMessage({ type: "status", status: stream.status } satisfies LiveMessage);
  stream.connect();
});
