import { newId } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claimOn } from "../../../../test/servers/place.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

it("a device's history has its runs and what held it, newest first, also from before its worker was started again", async () => {
  const start = () =>
    store.workers.register({
      name: "gpu-1",
      host: "h",
      version: "0",
      devices: [
        {
          kind: "cuda",
          address: "cuda:0",
          identity: "GPU-0",
          name: "a card",
          engine: "onnx-cuda",
          memoryBytes: 8e9,
        },
      ],
    });
  const ran = async (workerId: string, deviceId: string, teamId: string) => {
    const { id } = await store.runs.submit({
      teamId,
      spec: { kind: "prune", model: newId("model"), layers: 2 },
    });
    const claimed = await claimOn(store, { runId: id, workerId, deviceId });
    await store.leases.succeed(claimed!.lease, { result: { modelId: newId("model") } });
    return id;
  };
  const before = await start();
  const first = await ran(before.id, before.devices[0].id, store.teamId);
  await store.holds.cordon(before.devices[0].id, { by: "key_1 (ops)", reason: "hot" });
  await store.holds.uncordon(before.devices[0].id, "key_1 (ops)");
  await store.workers.stop(before.id);
  const now = await start();
  const { id: other } = await store.teams.ensure("others");
  await ran(now.id, now.devices[0].id, other);
  const place = { workerId: now.id, deviceId: now.devices[0].id };
  const team = { teamId: store.teamId, operator: false };
  const whole = await store.deviceHistories.page(place, team);
  expect(whole.items.map(({ event, run }) => event ?? run)).toEqual([
    { own: false },
    "registered",
    "stopped",
    "released",
    "held",
    expect.objectContaining({ own: true, id: first, kind: "prune", attempt: 1, state: "SUCCEEDED" }),
    "registered",
  ]);
  expect(whole.items[4]).toEqual({ at: expect.any(String) as string, event: "held", cause: "cordon" });
  const seen = await store.deviceHistories.page(place, { ...team, operator: true });
  expect(seen.items[4]).toMatchObject({ reason: "hot", by: "key_1 (ops)" });
  const pages = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.deviceHistories.page(place, team, { limit: 2, ...(cursor && { cursor }) });
    pages.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  expect(pages).toEqual(whole.items);
  await expect(
    store.deviceHistories.page({ workerId: now.id, deviceId: before.devices[0].id }, team),
  ).rejects.toMatchObject({ code: "resource/not-found" });
});
