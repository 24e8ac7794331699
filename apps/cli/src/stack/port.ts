import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Ports that systems do not assign to outgoing connections, nor to servers that listen on port 0: Linux assigns from 32768,
 * macOS and Windows from 49152 (RFC 6335). An assignable port that is free now may be a connection's a moment later.
 */
const [lowest, highest] = [15_000, 32_767];

/** A free port on loopback: the first of `wanted` that is free, else one picked at random, which stays free in all likelihood. */
export async function freePort(...wanted: (number | undefined)[]): Promise<number> {
  const random = Array.from({ length: 100 }, () => randomInt(lowest, highest + 1));
  for (const port of [...wanted, ...random]) if (port !== undefined && (await isFree(port))) return port;
  throw new Error("no free port on 127.0.0.1");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
