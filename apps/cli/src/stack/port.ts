import { createServer } from "node:net";

/** A free port on loopback: the first of `wanted` that is free, else one that the system picks. */
export async function freePort(...wanted: (number | undefined)[]): Promise<number> {
  for (const port of [...wanted, 0]) {
    const free = port === undefined ? undefined : await tryPort(port);
    if (free !== undefined) return free;
  }
  throw new Error("no free port on 127.0.0.1");
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
