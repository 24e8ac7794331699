import { Transform, type Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Problem } from "@espalier/contract";

/**
 * The request's body as a stream.
 * @throws {Problem} `request/too-large` when `content-length` is more than `maxBytes`; the stream fails with it when more come
 */
export function limited(request: FastifyRequest, maxBytes: number): Readable {
  const refuse = () => new Problem("request/too-large", `The body may have at most ${maxBytes} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw refuse();
  const body = request.body as Readable | undefined;
  if (body === undefined || typeof body.pipe !== "function") {
    throw new Problem("request/unsupported-media-type", "Send the file itself as application/octet-stream.");
  }
  const gone = () => new Problem("upload/incomplete", "The connection closed before the body ended.");
  // It closed while the key was looked up, so no event will come.
  if (body.destroyed && !body.readableEnded) throw gone();
  let seen = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.byteLength;
      done(seen > maxBytes ? refuse() : null, chunk);
    },
  });
  // The reader gets the error of the stream, also one from before the reading began. This listener is for the time until
  // then: an error without a listener would end the process.
  counter.on("error", () => undefined);
  // After a refusal the rest is read and dropped, so that the client can finish sending and read the answer.
  counter.on("close", () => body.unpipe(counter).resume());
  // A client that goes away ends the body early. That error must reach the reader of the counted stream.
  body.on("error", (error) => counter.destroy(error));
  request.raw.on("close", () => {
    if (!request.raw.readableEnded) counter.destroy(gone());
  });
  body.pipe(counter);
  return counter;
}
