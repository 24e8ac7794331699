import { createClient, type Client } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
let key: string;
let member: Client;
let operator: Client;
beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
  const make = (role: "member" | "admin", operator: boolean) =>
    store.teams.createKey(store.teamId, { name: role, role, operator });
  ({ text: key } = await make("member", false));
  member = createClient({ url, key });
  operator = createClient({ url, key: (await make("admin", true)).text });
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const put = (uploadId: string, bytes: number, streamed = false) => {
  const body = Buffer.alloc(bytes, 0x20);
  return fetch(`${url}/v1/uploads/${uploadId}/files/config.json`, {
    method: "PUT",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/octet-stream" },
    ...(streamed
      ? { body: new ReadableStream({ start: (to) => (to.enqueue(body), to.close()) }), duplex: "half" }
      : { body }),
  });
};
const texts = (rows: number) =>
  Array.from({ length: rows }, (_, i) => `${JSON.stringify({ text: `text ${i}` })}\n`).join("");
const add = (rows: number) =>
  fetch(`${url}/v1/datasets?name=d${rows}&kind=texts`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/octet-stream" },
    body: texts(rows),
  });

it("a full team is refused files, datasets and runs, with what it stores, what it may and what to delete", async () => {
  const { id } = await member.uploads.create();
  expect((await put(id, 40_000)).status).toBe(200);
  const { quota, storedBytes } = await operator.teams.set("orchard", { bytes: 50_000 });
  expect({ quota, storedBytes }).toEqual({ quota: { bytes: 50_000 }, storedBytes: 40_000 });
  expect((await member.me()).team).toMatchObject({ quota: { bytes: 50_000 }, storedBytes: 40_000 });

  const other = await member.uploads.create();
  const refusal = {
    status: 403,
    code: "team/out-of-space",
    detail: expect.stringMatching(
      new RegExp(
        `^Team orchard stores 40 kB, and may store 50 kB\\. Its largest: upload ${id} with 40 kB\\. Delete`,
      ),
    ) as string,
  };
  for (const streamed of [false, true]) {
    const refused = await put(other.id, 10_001, streamed);
    expect(await refused.json()).toMatchObject(refusal);
    expect(refused.headers.has("retry-after")).toBe(false);
  }
  // More than half a megabyte, of which no more is written than fits.
  expect(await (await add(20_000)).json()).toMatchObject(refusal);
  expect((await store.uploads.get(store.teamId, other.id)).files).toEqual([]);
  // A file in place of another counts once.
  expect((await put(id, 50_000)).status).toBe(200);
  for (const answer of [await put(other.id, 1), await add(1)]) expect(answer.status).toBe(403);
  await expect(member.models.create({ name: "m", source: { hub: "org/name" } })).rejects.toMatchObject({
    code: "team/out-of-space",
  });
  await member.uploads.remove(id);
  expect((await add(1)).status).toBe(201);
  await operator.teams.set("orchard", { bytes: null });
  expect((await put(other.id, 60_000)).status).toBe(200);
});

it.each([-1, 0.5, 2 ** 60, "1GB"])("a quota of %j bytes is refused", async (bytes) => {
  await expect(operator.teams.set("orchard", { bytes: bytes as number })).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field: "/bytes" },
  });
});
