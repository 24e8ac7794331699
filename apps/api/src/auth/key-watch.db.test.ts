import { openStore } from "@espalier/store";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openEventStream } from "../../../../test/servers/event-stream.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

/** A stream of events with a key, which has begun. */
const streamWith = (text: string, path = "/v1/events") =>
  openEventStream(`${url}${path}`, { authorization: `Bearer ${text}` });

it("the streams of a key end within 5 s after it was revoked, by whichever API, or has ended; those of others go on", async () => {
  const keyOf = (name: string) => store.teams.createKey(store.teamId, { name });
  const [revoked, expired, valid] = [await keyOf("revoked"), await keyOf("expired"), await keyOf("valid")];
  const { id: runId } = await store.submit();
  const ending = [
    await streamWith(revoked.text),
    await streamWith(revoked.text, `/v1/runs/${runId}/events`),
    await streamWith(expired.text),
  ];
  const staying = await streamWith(valid.text);
  const elsewhere = await openStore({ databaseUrl: store.databaseUrl, bytesRoot: store.bytesRoot });
  try {
    await elsewhere.teams.revokeKey(store.teamId, revoked.key.id);
    await store.sql("update api_key set expires_at = now() where id = $1", [expired.key.id]);
    const began = performance.now();
    await Promise.all(ending.map(({ ended }) => ended));
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(staying.answer.readableEnded).toBe(false);
    const again = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${revoked.text}` } });
    expect(again.status).toBe(401);
  } finally {
    staying.answer.destroy();
    await elsewhere.close();
  }
});
