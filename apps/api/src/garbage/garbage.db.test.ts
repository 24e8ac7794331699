import { createClient, type Client, type RetentionChange } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let app: FastifyInstance;
let operator: Client;
let member: Client;
let stranger: Client;
beforeAll(async () => {
  store = await openTestStore();
  const api = await listen(store);
  ({ app } = api);
  const { url } = api;
  const { text } = await store.teams.createKey(store.teamId, { name: "ops", role: "admin", operator: true });
  operator = createClient({ url, key: text });
  const keyOf = async (team: string) => (await operator.teams.createKey(team, { name: "dev" })).text;
  member = createClient({ url, key: await keyOf("orchard") });
  stranger = createClient({ url, key: await keyOf("meadow") });
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

it("deletes a run of the own team that has ended, and no other", async () => {
  const { id } = await store.submit();
  await expect(member.runs.remove(id)).rejects.toMatchObject({
    code: "run/illegal-move",
    facts: { runId: id },
  });
  await member.runs.cancel(id);
  await expect(stranger.runs.remove(id)).rejects.toMatchObject({ code: "resource/not-found" });
  expect(await member.runs.remove(id, { dryRun: true })).toMatchObject({ id, dryRun: true, runs: 1 });
  expect((await member.runs.get(id)).state).toBe("CANCELLED");
  expect(await member.runs.remove(id)).toMatchObject({ id, dryRun: false, runs: 1, models: 0, bytes: 0 });
  await expect(member.runs.get(id)).rejects.toMatchObject({ code: "resource/not-found" });
});

it("names what refers to a run that is to be deleted", async () => {
  const { id } = await store.submit();
  const dependent = await store.submit([id]);
  const { lease } = await store.claimed(id);
  await store.leases.succeed(lease, { result: { modelId: "x" } });
  await expect(member.runs.remove(id)).rejects.toMatchObject({
    code: "resource/in-use",
    facts: { referrers: [{ id: dependent.id, why: `is QUEUED and depends on run ${id}` }] },
  });
});

it.each<RetentionChange>([
  { logs: 0 },
  { metrics: -1 },
  { events: 1.5 },
  { files: 36_501 },
  {},
  { runs: 3 } as RetentionChange,
])("refuses a retention that makes no sense: %j", async (change) => {
  await expect(operator.teams.setRetention("orchard", change)).rejects.toMatchObject({
    code: "request/invalid",
  });
});

it("lets operators alone say how long a team's data is kept, and sweep", async () => {
  expect(await operator.teams.setRetention("orchard", { logs: 30, metrics: null })).toEqual({
    checkpoints: 7,
    files: 1,
    logs: 30,
    metrics: null,
    events: 7,
  });
  for (const call of [
    () => member.teams.setRetention("orchard", { logs: 1 }),
    () => member.garbage.list(),
    () => member.garbage.sweep(),
  ])
    await expect(call()).rejects.toMatchObject({ code: "auth/forbidden" });
  const due = (await operator.garbage.list()).items.find(({ kind }) => kind === "objects");
  expect(due?.count).toBeGreaterThan(0);
  const freed = (await operator.garbage.sweep()).items.find(({ kind }) => kind === "objects");
  expect(freed?.count).toBe(due?.count);
  expect((await operator.garbage.list()).items.every(({ count }) => count === 0)).toBe(true);
});
