import { createClient, type Client } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";
import { cpu } from "../../../../test/servers/store.ts";

let api: TestApi;
let client: Client;
const rates = [
  { engine: "onnx-cpu", precision: "fp32", forward: 100, training: 50 },
  { engine: "tfjs", precision: "fp32", forward: 50, training: 25 },
  { engine: "tfjs", precision: "bf16-math", forward: 400, training: 200 },
] as const;
beforeAll(async () => {
  api = await startTestApi();
  const { text } = await api.store.teams.createKey(api.store.teamId, { name: "key", role: "member" });
  client = createClient({ url: api.url, key: text });
  await api.store.workers.stop(api.store.workerId);
  // This one, as those of earlier versions, names its engine and nothing else.
  await api.store.workers.register({ name: "old", host: "h", version: "0", devices: [cpu] });
});
afterAll(() => api.close());

const spec = () => ({
  kind: "evaluate" as const,
  model: api.spec.modelId,
  datasetIds: [...api.spec.evaluation],
});

it("an engine or a precision that no device has is refused by its name, with those that there are", async () => {
  await expect(client.runs.submit({ spec: { ...spec(), precision: "bf16-math" } })).rejects.toMatchObject({
    code: "run/no-such-engine",
    message: expect.stringContaining("computes with bf16-math; there is: onnx-cpu in fp32.") as string,
    facts: { field: "/spec/precision" },
  });
  await expect(client.runs.submit({ spec: { ...spec(), engine: "tfjs" } })).rejects.toMatchObject({
    facts: { field: "/spec/engine" },
  });
  const wrong: object = { engine: "abacus" };
  await expect(client.runs.submit({ spec: { ...spec(), ...wrong } })).rejects.toMatchObject({
    code: "request/invalid",
  });
  for (const choice of [{ engine: "auto" }, { engine: "onnx-cpu", precision: "fp32" }] as const)
    expect((await client.runs.submit({ spec: { ...spec(), ...choice } })).spec).toMatchObject(choice);
});

it("a run goes to a device that has what it asks for, and its duration is told by the measured rate", async () => {
  const { id, devices } = await api.store.workers.register({
    name: "fast",
    host: "h",
    version: "0",
    devices: [{ ...cpu, rates }],
  });
  expect(devices).toMatchObject([{ engine: "onnx-cpu", rates }]);
  const run = await client.runs.submit({ spec: { ...spec(), engine: "tfjs", precision: "bf16-math" } });
  const { queued, devices: pool } = await api.store.dispatch.snapshot();
  const { labels } = queued.find((each) => each.id === run.id)!.needs;
  const serving = pool.filter((device) => labels.every((label) => device.labels.includes(label)));
  expect(serving.map(({ workerId }) => workerId)).toEqual([id]);
  const planOf = async (choice: object) =>
    (await client.plan({ run: { spec: { ...spec(), ...choice } } })).runs[0];
  const fast = await planOf({ precision: "bf16-math" });
  const slow = await planOf({ engine: "tfjs", precision: "fp32" });
  expect([fast.basis, slow.basis]).toEqual(["rate", "rate"]);
  expect(fast.fitting).toBe(1);
  expect(slow.duration.likely / fast.duration.likely).toBeCloseTo(8, 1);
  expect((await planOf({})).basis).toBe("rate");
});

it("where no worker is there yet, a run waits for one", async () => {
  for (const { id } of await api.store.workers.list()) await api.store.workers.stop(id);
  await api.store.sql("update worker_pulse set seen_at = now() - interval '2 days'");
  const run = await client.runs.submit({ spec: { ...spec(), engine: "onnx-cuda" } });
  expect(run.state).toBe("QUEUED");
});
