import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type Client, type Run, type RunCreate } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../servers/api.ts";
import { defaultPolicy } from "@espalier/scheduler";
import type { buildServer } from "../../apps/api/src/server.ts";
import { freshDatabase } from "../servers/postgres.ts";
import { demoModel, startPool, until, type Pool } from "./pool.ts";

/**
 * One worker with one device, two teams of weights 1 and 3, and the API in front. Runs may be preempted at once, also those that would
 * end before they have saved what they have.
 */
let pool: Pool;
let app: Awaited<ReturnType<typeof buildServer>>;
let one: Client;
let three: Client;
const models = new Map<Client, string>();
let triplets: string;

beforeAll(async () => {
  const policy = { ...defaultPolicy, minRunMs: 0, minGainMs: -defaultPolicy.graceMs };
  pool = await startPool(await freshDatabase(), { policy });
  const { store } = pool;
  const api = await listen(store, { maxDatasetBytes: 1e9, maxFileBytes: 1e9 });
  ({ app } = api);
  const { url } = api;
  const { text: operatorKey } = await store.teams.createKey(pool.teamId, {
    name: "ops",
    role: "admin",
    operator: true,
  });
  const operator = createClient({ url, key: operatorKey });
  const member = async (team: string) =>
    createClient({ url, key: (await operator.teams.createKey(team, { name: "key", user: "ann" })).text });
  [one, three] = [await member("one"), await member("three")];
  expect(await operator.teams.set("three", { weight: 3 })).toMatchObject({ name: "three", weight: 3 });
  triplets = (await one.datasets.create({ name: "t", kind: "triplets" }, await rows(64))).id;
});
afterAll(async () => {
  await app?.close();
  await pool?.close();
});

async function rows(count: number): Promise<string> {
  const text = await readFile(join(demoModel, "../triplets.jsonl"), "utf8");
  return text.split("\n").slice(0, count).join("\n");
}

async function importModel(client: Client): Promise<Run> {
  const { id: uploadId } = await client.uploads.create();
  for (const name of await readdir(demoModel))
    await client.uploads.putFile(uploadId, name, await readFile(join(demoModel, name)));
  const { model, run } = await client.models.create({ name: "demo", uploadId });
  models.set(client, model.id);
  return run;
}
const prune = (client: Client, layers: number, more: Partial<RunCreate> = {}) =>
  client.runs.submit({
    spec: { kind: "prune", model: models.get(client)!, layers },
    needs: { shares: false },
    ...more,
  });
const train = (steps: number, more: Partial<RunCreate> = {}) =>
  one.runs.submit({
    spec: {
      kind: "train",
      model: models.get(one)!,
      datasetId: triplets,
      settings: { steps, batchSize: 8, checkpointEvery: 1000 },
    },
    ...more,
  });
const stepping = ({ id }: Run) =>
  until(async () => (await one.runs.metrics(id, { name: "loss" })).items.length > 2);
const ended = async (client: Client, { id }: Pick<Run, "id">): Promise<Run> => {
  let run = await client.runs.get(id);
  await until(async () => {
    run = await client.runs.get(id);
    return ["SUCCEEDED", "FAILED", "CANCELLED"].includes(run.state);
  }, 110);
  return run;
};

it("teams take turns by their weights, and see of each other that they wait and no more", async () => {
  await pool.worker({ ESPALIER_THREADS: "1" });
  await Promise.all([one, three].map(async (client) => ended(client, await importModel(client))));
  const first = await train(4000);
  await stepping(first);
  const runs: { client: Client; id: string }[] = [];
  for (const [client, count] of [
    [one, 4],
    [three, 8],
  ] as const)
    for (let i = 0; i < count; i++)
      runs.push({ client, id: (await prune(client, 1 + (i % 2), { priority: 0 })).id });
  const places = Array.from({ length: 12 }, (_, i) => i + 1).join();
  await until(async () => (await one.queue()).items.map(({ position }) => position).join() === places);
  const page = await one.queue();
  expect(page).toMatchObject({ total: 12, own: 4 });
  for (const { own, ...entry } of page.items)
    if (!own) expect(Object.keys(entry).sort()).toEqual(["class", "position", "queuedAt"]);
  for (const { waiting } of page.items.filter(({ own }) => own)) {
    expect(["waiting-for-device", "fair-share-behind", "held-for-head"]).toContain(waiting?.reason.code);
    expect(waiting?.expectedStart).toBeDefined();
  }
  expect(JSON.stringify(page)).not.toContain(models.get(three));

  await one.runs.cancel(first.id);
  const started: { client: Client; at: string }[] = [];
  for (const { client, id } of runs) {
    const { state, startedAt } = await ended(client, { id });
    expect(state).toBe("SUCCEEDED");
    started.push({ client, at: startedAt! });
  }
  started.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  // Team one has had the device before, so the others come first; then one of four turns is its.
  const turns = started.slice(0, 8).filter(({ client }) => client === three).length;
  expect(turns).toBeGreaterThanOrEqual(6);
});

it("a run that nobody can take says so over REST, as a sentence, and as an event", async () => {
  const after = await pool.store.events.position();
  const run = await prune(one, 1, { needs: { labels: ["zone=b"], kinds: ["cpu"] } });
  await until(async () => (await one.runs.get(run.id)).waiting !== undefined);
  const { waiting } = await one.runs.get(run.id);
  expect(waiting).toMatchObject({
    reason: { code: "worker-missing", kinds: ["cpu"], labels: ["zone=b"] },
    detail: "No worker that is alive has such a device (cpu, zone=b).",
    unblockedBy: [{ by: "worker" }],
  });
  expect(waiting).not.toHaveProperty("expectedStart");
  const { id: teamId } = await pool.store.teams.ensure("one");
  const told = async () => {
    const { events } = await pool.store.events.read(teamId, { after, runId: run.id });
    return events.flatMap((event) => (event.type === "run.waiting" ? [event.reason.code] : []));
  };
  await until(async () => (await told()).length > 0);
  expect(await told()).toEqual(["worker-missing"]);
  expect(await one.runs.cancel(run.id)).not.toHaveProperty("waiting");
});

it("an idle run makes room for an urgent one, uncharged, and goes on from where it was", async () => {
  const idle = await train(60, { class: "idle" });
  await stepping(idle);
  const urgent = await prune(three, 1, { class: "urgent" });
  await until(async () => (await three.runs.get(urgent.id)).waiting?.reason.code === "preempting");
  expect((await three.runs.get(urgent.id)).waiting?.reason).toMatchObject({ runIds: [], others: 1 });
  expect((await ended(three, urgent)).state).toBe("SUCCEEDED");
  const { result, queuedAt } = await ended(one, idle);
  const { items: attempts } = await one.runs.attempts(idle.id);
  expect(attempts.map(({ state }) => state)).toEqual(["PREEMPTED", "SUCCEEDED"]);
  expect(attempts[0]).toMatchObject({ preempted: { reason: "higher-class" }, lostSteps: 0 });
  expect(attempts[0].checkpointStep).toBeGreaterThan(2);
  expect(result).toMatchObject({ resumedFromStep: attempts[0].checkpointStep });
  expect(queuedAt).toBe(idle.queuedAt);
});

it("runs that allow it share a device by memory, each with what it reserves", async () => {
  const needs = { shares: true, memoryBytes: 600_000_000 };
  const runs = [await train(4000, { needs }), await train(4000, { needs })];
  await until(async () => {
    const { items } = await one.workers.list();
    return items.some(({ devices }) => devices.some(({ runIds }) => runIds.length === 2));
  });
  const devices = (await pool.store.dispatch.snapshot()).running.flatMap((run) => run.allocations);
  expect(new Set(devices.map(({ deviceId }) => deviceId)).size).toBe(1);
  expect(devices.map(({ reservedBytes }) => reservedBytes)).toEqual([660_000_000, 660_000_000]);
  for (const run of runs) await stepping(run);
  for (const run of runs) await one.runs.cancel(run.id);
  for (const run of runs) expect((await ended(one, run)).state).toBe("CANCELLED");
});
