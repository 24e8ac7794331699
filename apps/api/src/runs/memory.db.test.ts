import { createClient, type Client } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";
import { cpu } from "../../../../test/servers/store.ts";

let api: TestApi;
let client: Client;
beforeAll(async () => {
  api = await startTestApi();
  const { text } = await api.store.teams.createKey(api.store.teamId, { name: "key", role: "member" });
  client = createClient({ url: api.url, key: text });
});
afterAll(() => api.close());

const spec = (chunkTokens = 4096) => ({
  kind: "train" as const,
  model: api.spec.modelId,
  datasetId: api.spec.triplets,
  encoding: { maxLength: 512 },
  settings: { batchSize: 2, hardNegatives: 8, chunkTokens },
});
/** The pool is one worker with one device of this size. */
async function poolOf(memoryBytes: number): Promise<void> {
  for (const { id } of await api.store.workers.list()) await api.store.workers.stop(id);
  await api.store.sql("update worker_pulse set seen_at = now() - interval '2 days'");
  await api.store.workers.register({
    name: "only",
    host: "h",
    version: "0",
    devices: [{ ...cpu, memoryBytes }],
  });
}
const expectedBytes = async (run: { spec: ReturnType<typeof spec>; needs?: { memoryBytes: number } }) =>
  (await client.plan({ run })).runs[0].memoryBytes!;

it("a run that no chunk makes fit into what it may take is refused with what it needs", async () => {
  const run = { spec: spec(), needs: { memoryBytes: 100e6 } };
  for (const asked of [run, { ...run, spec: spec(16) }])
    await expect(client.runs.submit(asked)).rejects.toMatchObject({
      code: "run/does-not-fit",
      message: expect.stringMatching(/takes 0\.\d\d GB at least.* may take 0\.10 GB/) as string,
      facts: { field: "/needs/memoryBytes" },
    });
  await expect(client.plan({ run })).rejects.toMatchObject({ facts: { field: "/run/needs/memoryBytes" } });
  expect((await client.runs.submit({ spec: spec(), needs: { memoryBytes: 5e9 } })).state).toBe("QUEUED");
});

it("a run that says nothing of memory is expected to take the largest chunk that the pool has room for", async () => {
  await poolOf(64e9);
  const [whole, small] = [await expectedBytes({ spec: spec() }), await expectedBytes({ spec: spec(512) })];
  expect(small).toBeLessThan(whole);
  await poolOf(whole - 1);
  const shrunk = await expectedBytes({ spec: spec() });
  expect(shrunk).toBeLessThan(whole);
  expect(shrunk).toBeGreaterThanOrEqual(small);
  await poolOf(100e6);
  await expect(client.runs.submit({ spec: spec() })).rejects.toMatchObject({ code: "run/does-not-fit" });
  // Where a device does not say how large it is, nothing is known.
  await poolOf(0);
  expect(await expectedBytes({ spec: spec() })).toBe(whole);
});
