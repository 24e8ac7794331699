import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Ports that systems do not give to outgoing connections and to whoever listens on 0: Linux begins at 32768, macOS and
 * Windows at 49152 (RFC 6335). One of those that is free now may be somebody's connection a moment later.
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
