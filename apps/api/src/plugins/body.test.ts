import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { limited } from "./body.ts";

test("a client that goes away before its body is read is an error of the reading, not of the process", async () => {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const client = request({ host: "127.0.0.1", port, method: "PUT" });
  client.on("error", () => undefined).write("the first half");
  const [raw] = (await once(server, "request")) as [IncomingMessage];
  const stream = limited({ body: raw, raw, headers: raw.headers } as unknown as FastifyRequest, 100);
  client.destroy();
  await new Promise((resolve) => raw.on("close", resolve));
  const read = async () => {
    for await (const chunk of stream) expect(String(chunk)).toBe("the first half");
  };
  await expect(read()).rejects.toThrow("aborted");
  server.close();
});
