import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { expect } from "vitest";

/** A stream of events that has begun, and when it ends. */
export async function openEventStream(url: string, headers: Record<string, string>) {
  const [answer] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.setEncoding("utf8").on("data", () => undefined);
  return { answer, ended: once(answer, "end") };
}
