import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { limited } from "./body.ts";

/** A request of which the server has received one half. */
async function halfSent() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const client = request({ host: "127.0.0.1", port, method: "PUT" });
  client.on("error", () => undefined).write("the first half");
  const [raw] = (await once(server, "request")) as [IncomingMessage];
  const leave = async () => {
    client.destroy();
    await new Promise((resolve) => raw.on("close", resolve));
  };
  const asked = { body: raw, raw, headers: raw.headers } as unknown as FastifyRequest;
  return { asked, leave, server };
}

async function read(stream: Readable): Promise<void> {
  for await (const chunk of stream) expect(String(chunk)).toBe("the first half");
}

test("a client that goes away before its body is read makes the reading fail, not the process", async () => {
  const { asked, leave, server } = await halfSent();
  const stream = limited(asked, 100);
  await leave();
  await expect(read(stream)).rejects.toThrow("aborted");
  server.close();
});

test("the body of a client that has already gone is refused at once", async () => {
  const { asked, leave, server } = await halfSent();
  await leave();
  expect(() => limited(asked, 100)).toThrow("The connection closed before the body ended.");
  server.close();
});
