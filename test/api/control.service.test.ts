import type { Run, RunArray } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cliOf } from "./cli.ts";
import { startTestApi, type TestApi } from "./service.ts";

let api: TestApi;
let cli: ReturnType<typeof cliOf>;
beforeAll(async () => {
  api = await startTestApi();
  cli = cliOf(api, api.key, "/");
});
afterAll(() => api.close());

const prune = () => ["run", "submit", "prune", "--model", "m", "--keep", "2"];

it("a gang that no host can hold is refused with the number that one can, and waits while the pool has no host", async () => {
  const tooLarge = await cli.espalier(...prune(), "--devices", "3");
  expect(tooLarge).toMatchObject({ code: 1 });
  expect(tooLarge.err).toContain("run/gang-too-large");
  expect(tooLarge.err).toContain("Ask for at most 1");
  const device = (position: number) => ({
    position,
    kind: "cpu" as const,
    address: `cpu:${position}`,
    identity: `cpu:${position}`,
    name: "cpu",
    engine: "onnx-cpu",
    memoryBytes: 1e9,
  });
  await api.store.workers.register({
    name: "large",
    host: "there",
    version: "0",
    devices: [0, 1, 2].map(device),
  });
  expect((await cli.json<Run>(...prune(), "--devices", "3")).state).toBe("QUEUED");
  expect((await cli.espalier(...prune(), "--devices", "4")).err).toContain("Ask for at most 3");
  await api.store.sql("delete from run");
  await api.store.sql("delete from worker");
  expect((await cli.json<Run>(...prune(), "--devices", "4")).state).toBe("QUEUED");
});

it("a run is held, changed and released, and says who did it", async () => {
  const { id } = await cli.json<Run>(...prune());
  expect((await cli.espalier("run", "hold", id)).code).toBe(0);
  const held = await api.client.runs.get(id);
  expect(held.held?.by).toContain("dev");
  expect(
    (await cli.json<Run>("run", "set", id, "--class", "urgent", "--priority", "7", "--wall-time", "2h"))
      .class,
  ).toBe("urgent");
  expect((await cli.espalier("run", "release", id)).code).toBe(0);
  expect(await api.client.runs.get(id)).toMatchObject({
    class: "urgent",
    priority: 7,
    limits: { wallSeconds: 7200 },
    queuedAt: held.queuedAt,
  });
  expect((await api.client.runs.get(id)).held).toBeUndefined();
  const foreign = cliOf(api, "esp_nothing", "/");
  expect((await foreign.espalier("run", "hold", id)).code).toBe(4);
  await expect(api.stranger.runs.hold(id)).rejects.toMatchObject({ code: "resource/not-found" });
  const { events } = await api.store.events.read(api.store.teamId, { runId: id });
  expect(events.flatMap((event) => (event.type === "run.changed" ? [event.action] : []))).toEqual([
    "hold",
    "set",
    "release",
  ]);
});

it("an array is one request, and is cancelled as one", async () => {
  const search = [
    "run",
    "submit",
    "search",
    "--model",
    "m",
    "--dataset",
    "triplets",
    "--set",
    "seed={index}",
  ];
  const array = await cli.json<RunArray>(...search, "--array", "0-6:2%2");
  const { spec } = await api.client.runs.get(array.runs[3].runId);
  expect(spec).toMatchObject({ kind: "search", settings: { seed: 6 } });
  expect(array.runs.map(({ index }) => index)).toEqual([0, 2, 4, 6]);
  expect((await cli.espalier("array", "list")).out).toContain(array.id);
  expect((await cli.espalier("array", "cancel", array.id)).code).toBe(0);
  const { runs } = await cli.json<RunArray>("array", "show", array.id);
  expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(["CANCELLED"]));
  expect((await cli.espalier(...prune(), "--array", "0-1")).err).toContain(
    "Nothing in the spec depends on the index",
  );
  const wrong = await cli.espalier(...search, "--array", "9-0");
  expect([1, 2]).toContain(wrong.code);
  expect(wrong.err).toContain("9-0");
});

it("what is in use is not deleted, and what is not goes with its names", async () => {
  const inUse = await cli.espalier("model", "rm", "m", "--yes");
  expect(inUse).toMatchObject({ code: 1, err: expect.stringContaining("resource/in-use") as string });
  for (const { id, state } of (await api.client.runs.list({ limit: 100 })).items)
    if (state === "QUEUED") await api.client.runs.cancel(id);
  expect((await cli.espalier("model", "rm", "m", "--dry-run")).code).toBe(0);
  expect((await api.client.models.list()).items).toHaveLength(1);
  expect((await cli.espalier("model", "rm", "m", "--yes")).code).toBe(0);
  expect((await api.client.models.list()).items).toEqual([]);
});
