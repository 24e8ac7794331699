import { newApiKey } from "@espalier/contract";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { listen, serverOptions } from "../../../../test/servers/api.ts";
import { windowMs } from "./shared-counts.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
const servers: Awaited<ReturnType<typeof listen>>[] = [];
const keys: string[] = [];
beforeAll(async () => {
  store = await openTestStore();
  for (let i = 0; i < 20; i++)
    keys.push((await store.teams.createKey(store.teamId, { name: `key-${i}` })).text);
});
/** Counts begin anew each minute of the clock. A test needs what is left of one. */
beforeEach(async () => {
  const left = windowMs - (Date.now() % windowMs);
  if (left < 15_000) await sleep(left);
});
afterAll(async () => {
  for (const { app } of servers) await app.close();
  await store.discard();
});

/** An API with these limits; behind a proxy, so that a test chooses the addresses. */
async function serve(limits: object): Promise<string> {
  const all = { ...serverOptions(store).limits, ...limits };
  const server = await listen(store, { limits: all, trustedProxies: ["127.0.0.1"] });
  servers.push(server);
  return server.url;
}

let addresses = 0;
const newAddress = (): string => `192.0.2.${++addresses}`;

async function ask(url: string, address: string, key?: string, path = "/v1/pool") {
  const headers: Record<string, string> = { "x-forwarded-for": address };
  if (key !== undefined) headers["authorization"] = `Bearer ${key}`;
  const answer = await fetch(`${url}${path}`, { headers });
  const { code } = (await answer.json()) as { code?: string };
  return { status: answer.status, code, retryAfter: Number(answer.headers.get("retry-after")) };
}

const limited = {
  status: 429,
  code: "request/rate-limited",
  retryAfter: expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 60),
};

it("a key that asks too often in a minute is told when to ask again, and others are answered", async () => {
  const url = await serve({ requestsPerKey: 3 });
  for (let i = 0; i < 3; i++) expect((await ask(url, newAddress(), keys[0])).status).toBe(200);
  expect(await ask(url, newAddress(), keys[0])).toEqual(limited);
  expect((await ask(url, newAddress(), keys[1])).status).toBe(200);
});

it("an address from which sign-ins fail is refused at every API, except with a key that was good", async () => {
  const [here, there] = [await serve({ failedSignIns: 4 }), await serve({ failedSignIns: 4 })];
  const address = newAddress();
  expect((await ask(here, address, keys[0])).status).toBe(200);
  for (let i = 0; i < 4; i++) expect((await ask(here, address, newApiKey())).status).toBe(401);
  expect(await ask(here, address, keys[1])).toEqual(limited);
  expect((await ask(here, address, keys[0])).status).toBe(200);
  expect((await ask(here, newAddress(), keys[1])).status).toBe(200);
  await expect
    .poll(() => ask(there, address, newApiKey()), { timeout: 20_000, interval: 200 })
    .toEqual(limited);
});

it("requests without a key are limited for each address", async () => {
  const url = await serve({ requestsPerAddress: 3 });
  const address = newAddress();
  for (let i = 0; i < 3; i++) expect((await ask(url, address, undefined, "/healthz")).status).toBe(200);
  expect(await ask(url, address, undefined, "/healthz")).toEqual(limited);
  expect((await ask(url, newAddress(), undefined, "/healthz")).status).toBe(200);
});

it("counts of ended minutes are forgotten", async () => {
  await store.requestCounts.add([{ name: "key:old", startsAt: Date.now() - 3_600_000, count: 1 }]);
  expect(await store.requestCounts.sweep()).toBeGreaterThanOrEqual(1);
  const rows = await store.sql("select from request_count where name = 'key:old'");
  expect(rows).toEqual([]);
});
