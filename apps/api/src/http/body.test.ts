import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { limited, readText } from "./body.ts";

const pace = { bytes: 1, withinMs: 60_000 };

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
  const stream = limited(asked, 100, pace);
  await leave();
  await expect(read(stream)).rejects.toThrow("aborted");
  server.close();
});

test("the body of a client that has already gone is refused at once", async () => {
  const { asked, leave, server } = await halfSent();
  await leave();
  expect(() => limited(asked, 100, pace)).toThrow("The connection closed before the body ended.");
  server.close();
});

test("a file that stops coming is refused, and one that its reader leaves waiting is not", async () => {
  const quick = { bytes: 1, withinMs: 20 };
  const stalled = await halfSent();
  await expect(read(limited(stalled.asked, 100, quick))).rejects.toMatchObject({ code: "request/timeout" });
  await stalled.leave();
  stalled.server.close();

  const kept = await halfSent();
  const stream = limited(kept.asked, 100, quick);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(stream.destroyed).toBe(false);
  await kept.leave();
  kept.server.close();
});

test("a small body is read whole, within a time and up to a size", async () => {
  const body = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const limits = { maxBytes: 4, withinMs: 60_000 };
  expect(await readText(body("a", "\u00e9b"), limits)).toBe("a\u00e9b");
  expect(await readText(body(), limits)).toBe("");
  await expect(readText(body("ab", "cde"), limits)).rejects.toMatchObject({ code: "request/too-large" });
  const silent = new PassThrough();
  silent.write("a");
  await expect(readText(silent, { maxBytes: 4, withinMs: 20 })).rejects.toMatchObject({
    code: "request/timeout",
  });
  const torn = new PassThrough();
  const reading = readText(torn, limits);
  torn.destroy();
  await expect(reading).rejects.toMatchObject({ code: "upload/incomplete" });
});
