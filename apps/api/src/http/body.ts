import { Transform, type Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Problem } from "@espalier/contract";

const tooLarge = (maxBytes: number) =>
  new Problem("request/too-large", `The body may have at most ${maxBytes} bytes.`);

/**
 * A small body as text.
 * @throws {Problem} `request/too-large`; `request/timeout` when it has not come whole within the time
 */
export async function readText(
  body: Readable,
  { maxBytes, withinMs }: { maxBytes: number; withinMs: number },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      body.off("data", take).off("end", done).off("error", fail).off("close", gone);
      // What still comes is dropped, so that the client can finish sending and read the answer.
      body.on("error", () => undefined).resume();
      settle();
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) end(() => reject(tooLarge(maxBytes)));
      else chunks.push(chunk);
    };
    const done = (): void => end(() => resolve(Buffer.concat(chunks).toString("utf8")));
    const fail = (error: Error): void => end(() => reject(error));
    const gone = (): void => end(() => reject(connectionClosed()));
    const timer = setTimeout(
      () =>
        end(() =>
          reject(new Problem("request/timeout", `The body did not come within ${withinMs / 1000} seconds.`)),
        ),
      withinMs,
    );
    body.on("data", take).on("end", done).on("error", fail).on("close", gone);
  });
}

const connectionClosed = () =>
  new Problem("upload/incomplete", "The connection closed before the body ended.");

/** How slowly a file may come: fewer bytes than this in so many milliseconds, and the request ends. */
export interface Pace {
  bytes: number;
  withinMs: number;
}

/**
 * The request's body as a stream.
 * @param refusal default: `request/too-large`
 * @throws {Problem} the refusal when `content-length` is more than `maxBytes`; the stream fails with it when more come, and with
 *   `request/timeout` when they come more slowly than the pace
 */
export function limited(
  request: FastifyRequest,
  maxBytes: number,
  pace: Pace,
  refusal = tooLarge(maxBytes),
): Readable {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw refusal;
  const body = request.body as Readable | undefined;
  if (body === undefined || typeof body.pipe !== "function") {
    throw new Problem("request/unsupported-media-type", "Send the file itself as application/octet-stream.");
  }
  // It closed while the key was looked up, so no event will come.
  if (body.destroyed && !body.readableEnded) throw connectionClosed();
  let seen = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.byteLength;
      done(seen > maxBytes ? refusal : null, chunk);
    },
  });
  let before = 0;
  const clock = setInterval(() => {
    const came = seen - before;
    before = seen;
    // Where we are the slow side, the client cannot send.
    const unread = counter.readableLength + counter.writableLength + body.readableLength;
    if (came >= pace.bytes || unread > 0) return;
    counter.destroy(
      new Problem(
        "request/timeout",
        `Fewer than ${pace.bytes} bytes of the body came in ${pace.withinMs / 1000} seconds; send it again.`,
      ),
    );
  }, pace.withinMs);
  // The reader gets the error of the stream, also one from before the reading began. This listener is for the time until
  // then: an error without a listener would end the process.
  counter.on("error", () => undefined);
  counter.on("end", () => clearInterval(clock));
  // After a refusal the rest is read and dropped, so that the client can finish sending and read the answer.
  counter.on("close", () => {
    clearInterval(clock);
    body.unpipe(counter).resume();
  });
  // A client that goes away ends the body early. That error must reach the reader of the counted stream.
  body.on("error", (error) => counter.destroy(error));
  request.raw.on("close", () => {
    if (!request.raw.readableEnded) counter.destroy(connectionClosed());
  });
  body.pipe(counter);
  return counter;
}
