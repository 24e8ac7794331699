import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { challengeHeader, proofHeader, proofOf } from "@espalier/process";
import { expect, test } from "vitest";
import { isOwnApi } from "./own-api.ts";

/** A server that answers challenges as an API with this token does; without one, as another service. */
async function serve(token?: string) {
  const server = createServer((request, response) => {
    const challenge = request.headers[challengeHeader];
    if (token !== undefined && typeof challenge === "string")
      response.setHeader(proofHeader, proofOf(token, challenge));
    response.end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("an API is a stack's own when it has the stack's token, and any other is not", async () => {
  for (const [token, own] of [
    ["mine", true],
    ["theirs", false],
    [undefined, false],
  ] as const) {
    const { server, url } = await serve(token);
    expect(await isOwnApi(url, "mine")).toBe(own);
    server.close();
  }
});
