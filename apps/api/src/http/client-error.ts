import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { Problem } from "@espalier/contract";
import type { FastifyBaseLogger } from "fastify";
import { headersOf } from "../plugins/problems.ts";

/** What Node's parser of HTTP refuses before there is a request. */
const refusals: Readonly<Record<string, () => Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    new Problem("request/timeout", "The headers of the request did not come in time."),
  HPE_HEADER_OVERFLOW: () =>
    new Problem("request/headers-too-large", "The path and the headers may have 16 KiB together."),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () =>
    new Problem("request/too-large", "The extensions of a chunk may have 16 KiB."),
};

/** Answers with a problem document, as far as the connection still takes one, and closes it. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  { log }: { log: FastifyBaseLogger },
): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const problem =
    refusals[error.code ?? ""]?.() ??
    new Problem("request/invalid", "This is not a request of HTTP/1.1 that can be read.");
  log.trace({ err: error }, "request refused by the parser of HTTP");
  if (!socket.writable) return void socket.destroy(error);
  const body = JSON.stringify(problem.toDocument());
  const headers = {
    ...headersOf(problem),
    "content-type": "application/problem+json",
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join("")}\r\n${body}`,
    () => socket.destroy(),
  );
}
