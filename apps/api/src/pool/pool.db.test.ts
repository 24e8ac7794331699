import { createClient, newId, type Client } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { claimOn } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
let operator: Client;
let member: Client;
let stranger: Client;
let workerId: string;
let deviceId: string;
let runId: string;

const clientOf = async (teamId: string, name: string, operator: boolean) => {
  const { text } = await store.teams.createKey(teamId, { name, role: "viewer", operator });
  return { client: createClient({ url, key: text }), key: text };
};
let operatorKey: string;

beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
  ({ client: operator, key: operatorKey } = await clientOf(store.teamId, "ops", true));
  ({ client: member } = await clientOf(store.teamId, "dev", false));
  const other = await store.teams.ensure("strangers");
  ({ client: stranger } = await clientOf(other.id, "theirs", false));
  const worker = await store.workers.register({ name: "gpu-1", host: "h", version: "0", devices: [cpu] });
  [workerId, deviceId] = [worker.id, worker.devices[0].id];
  ({ id: runId } = await store.submit());
  await claimOn(store, { runId, workerId, deviceId });
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const post = (path: string, body?: string) =>
  fetch(`${url}/v1/workers/${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${operatorKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });

describe("an operator", () => {
  it("drains and resumes a worker, with a reason that only operators see", async () => {
    const { key } = { key: expect.stringMatching(/^key_\w+ \(ops\)$/) as string };
    const drained = await operator.workers.drain(workerId, { reason: "Kernel update of node 7.", now: true });
    expect(drained.drain).toMatchObject({ now: true, reason: "Kernel update of node 7.", by: key });
    for (const client of [member, stranger]) {
      const text = JSON.stringify([await client.workers.list(), await client.workers.get(workerId)]);
      expect(text).toContain('"now":true');
      expect(text).not.toMatch(/Kernel|key_/);
    }
    expect(await operator.workers.resume(workerId)).not.toHaveProperty("drain");
    const { items } = await operator.workers.events(workerId);
    expect(items.map(({ type, by }) => [type, by])).toEqual([
      ["resumed", key],
      ["draining", key],
      ["registered", "worker"],
    ]);
    expect(items[1]).toMatchObject({ reason: "Kernel update of node 7.", worker: "gpu-1" });
    const shown = await member.workers.events(workerId, { limit: 2 });
    expect(shown.items.map(({ type }) => type)).toEqual(["resumed", "draining"]);
    expect(shown.cursor).toBeDefined();
    expect(JSON.stringify(shown)).not.toMatch(/Kernel|key_/);
  });

  it("cordons and uncordons a device, and teams see only the title of what holds it", async () => {
    await operator.workers.cordon(workerId, deviceId, { reason: "Smells." });
    await store.holds.report(deviceId, [
      { cause: "foreign-process", reason: "Not of the pool: secret.py (process 7)." },
    ]);
    const [device] = (await operator.workers.get(workerId)).devices;
    expect(device.holds.map(({ cause, reason }) => [cause, reason])).toEqual([
      ["cordon", "Smells."],
      ["foreign-process", "Not of the pool: secret.py (process 7)."],
    ]);
    const [seen] = (await member.workers.get(workerId)).devices;
    expect(seen.holds).toEqual([
      { cause: "cordon", since: expect.any(String) as string, reason: "An operator has cordoned it." },
      {
        cause: "foreign-process",
        since: expect.any(String) as string,
        reason: "A program that is not of the pool computes on it.",
      },
    ]);
    const [after] = (await operator.workers.uncordon(workerId, deviceId)).devices;
    expect(after.holds.map(({ cause }) => cause)).toEqual(["foreign-process"]);
    await store.holds.report(deviceId, []);
  });

  it("may leave the body out, and gets `request/invalid` for a wrong one", async () => {
    expect((await post(`${workerId}/drain`)).status).toBe(200);
    expect((await post(`${workerId}/resume`)).status).toBe(200);
    for (const body of ['{"now": "yes"}', '{"reason": ""}', '{"why": "because"}', "[]", "{"]) {
      const answer = await post(`${workerId}/drain`, body);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        400,
        "request/invalid",
      ]);
    }
    expect(await operator.workers.get(workerId)).not.toHaveProperty("drain");
  });

  it("gets an error for a worker or a device that does not exist", async () => {
    const missing = { code: "resource/not-found" };
    await expect(operator.workers.drain(newId("worker"))).rejects.toMatchObject(missing);
    await expect(operator.workers.get(newId("worker"))).rejects.toMatchObject(missing);
    await expect(operator.workers.cordon(workerId, newId("device"))).rejects.toMatchObject(missing);
    await expect(operator.workers.cordon(store.workerId, deviceId)).rejects.toMatchObject(missing);
    await expect(operator.workers.drain("nonsense")).rejects.toMatchObject({ code: "request/invalid" });
  });
});

describe("a team's key", () => {
  it("may change nothing", async () => {
    const forbidden = { code: "auth/forbidden" };
    for (const client of [member, stranger]) {
      await expect(client.workers.drain(workerId)).rejects.toMatchObject(forbidden);
      await expect(client.workers.resume(workerId)).rejects.toMatchObject(forbidden);
      await expect(client.workers.cordon(workerId, deviceId)).rejects.toMatchObject(forbidden);
      await expect(client.workers.uncordon(workerId, deviceId)).rejects.toMatchObject(forbidden);
    }
  });

  it("sees its own runs by name, and that another team's device is busy", async () => {
    const [own] = (await member.workers.get(workerId)).devices;
    expect(own).toMatchObject({ busy: true, runIds: [runId] });
    const [theirs] = (await stranger.workers.get(workerId)).devices;
    expect(theirs.busy).toBe(true);
    expect(JSON.stringify(await stranger.workers.list())).not.toContain(runId);
  });
});
