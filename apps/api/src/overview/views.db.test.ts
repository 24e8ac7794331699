import type { Lease } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
let lease: Lease;
const spec = () => ({ kind: "prune" as const, model: api.spec.modelId, layers: 2 });
beforeAll(async () => {
  api = await startTestApi();
  const { id } = await api.client.runs.submit({ spec: spec(), name: "first" });
  ({ lease } = await api.store.claimed(id));
  const line = (message: string, level: "info" | "warn" | "error" = "info") => ({ level, message });
  await api.store.logs.append(lease, [line("loss 1.5"), line("Slow disk", "warn"), line("loss 1.4")]);
  await api.store.logs.append(lease, [line("loss 1.3"), line("out of paper", "error")]);
});
afterAll(() => api.close());

it("a log is read from its end, backwards, by level and by text, and as text", async () => {
  const { logs } = api.client.runs;
  const messages = async (query: Parameters<typeof logs>[1]) =>
    (await logs(lease.runId, query)).items.map(({ message }) => message);
  const all = ["loss 1.5", "Slow disk", "loss 1.4", "loss 1.3", "out of paper"];
  expect(await messages({})).toEqual(all);
  expect(await messages({ level: "warn" })).toEqual(["Slow disk", "out of paper"]);
  expect(await messages({ q: "LOSS", limit: 2 })).toEqual(["loss 1.5", "loss 1.4"]);
  expect(await messages({ attempt: 2 })).toEqual([]);
  const tail = await logs(lease.runId, { tail: true, limit: 2 });
  expect(tail.items.map(({ message }) => message)).toEqual(all.slice(3));
  const before = await logs(lease.runId, { before: tail.earlier!, limit: 2 });
  expect(before.items.map(({ message }) => message)).toEqual(all.slice(1, 3));
  expect(await logs(lease.runId, { before: before.earlier! })).toEqual({
    items: [expect.objectContaining({ message: all[0] })],
  });
  await api.store.logs.append(lease, [{ level: "info", message: "later" }]);
  expect(await messages({ cursor: tail.cursor! })).toEqual(["later"]);
  const text = await fetch(`${api.url}/v1/runs/${lease.runId}/logs?format=text&level=error`, {
    headers: { authorization: `Bearer ${api.key}` },
  });
  expect(text.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await text.text()).toMatch(/^\d{4}-.*Z error out of paper\n$/);
});

it("the timeline of a run tells who did what to it, where it computed, and how it ended", async () => {
  const { id } = await api.client.runs.submit({ spec: spec() });
  await api.client.runs.hold(id);
  await api.client.runs.release(id);
  await api.client.runs.cancel(id);
  const told = async (runId: string) =>
    (await api.client.runs.timeline(runId)).items.map(({ event, by, worker, state }) => [
      event,
      ...(by ? [by.key?.name] : []),
      ...(worker === undefined ? [] : [worker]),
      ...(state === undefined ? [] : [state]),
    ]);
  const events = await told(id);
  expect(events[0]).toEqual(["submitted", "dev"]);
  expect(events).toEqual(expect.arrayContaining([["queued"], ["held", "dev"], ["released", "dev"]]));
  expect(events).toContainEqual(["cancel-requested", "dev"]);
  expect(events).toContainEqual(["ended", "CANCELLED"]);
  // The week of events may be over.
  await api.store.sql("delete from event");
  expect(await told(lease.runId)).toEqual([["submitted", "dev"], ["queued"], ["starts", "w"]]);
});

it("the queue says who waits for a run, and when what computes is expected to end", async () => {
  await api.store.beat(lease, { phase: "prune", done: 1, total: 4, unit: "layers" });
  await api.store.sql(
    "insert into run_history (key, durations, memory_ratios, earliest, likely, latest) values ('prune', '{1,2,3}', '{}', 6e5, 6e5, 6e5)",
  );
  const { expectedEnd } = await api.client.runs.get(lease.runId);
  expect(Date.parse(expectedEnd!) - Date.now()).toBeGreaterThan(400_000);
  const { id } = await api.client.runs.submit({ spec: spec(), name: "needed" });
  const next = await api.client.runs.submit({ spec: spec(), name: "needs", dependsOn: [id] });
  const { items } = await api.client.queue({ own: true });
  expect(items.find(({ runId }) => runId === id)).toMatchObject({
    name: "needed",
    model: "m",
    dependents: [{ runId: next.id, name: "needs", state: "WAITING" }],
  });
});

it("the overview has what a person looks at first", async () => {
  const seen = await api.client.overview();
  expect(seen.queue.map((each) => each.class)).toEqual(["urgent", "normal", "idle"]);
  expect(seen.queue[1]).toMatchObject({ queued: 1, own: 1, running: 1 });
  expect(seen.team).toMatchObject({ name: "orchard", devices: 1 });
  expect(seen.users.map(({ name }) => name)).toContain("default");
  expect(seen.devices.busy + seen.devices.lost).toBe(1);
  expect(seen.ended).toEqual([]);
});

it("a model's lineage has what it came from and what came from it, and a dataset its first rows", async () => {
  const base = api.spec.modelId;
  const made = ["mdl_00000000000000000000000001", "mdl_00000000000000000000000002"];
  for (const [i, id] of made.entries())
    await api.store.sql(
      "insert into model (id, team_id, name, state, architecture, base_model_id) values ($1, $2, $1, 'READY', '{\"layers\": 2}', $3)",
      [id, api.store.teamId, i === 0 ? base : made[0]],
    );
  const line = async (id: string) =>
    (await api.client.models.lineage(id)).models.map((each) => [each.id, each.distance]);
  expect(await line(made[0])).toEqual([
    [base, -1],
    [made[0], 0],
    [made[1], 1],
  ]);
  expect(await line(base)).toHaveLength(3);
  const body = '{"text": "One."}\n{"text": "Two."}\n';
  const { id } = await api.client.datasets.create({ name: "two", kind: "texts" }, body);
  const { items, more } = await api.client.datasets.rows(id, { limit: 1 });
  expect(items).toEqual([{ text: "One." }]);
  expect(more).toBe(true);
  await expect(api.client.models.lineage("mdl_00000000000000000000000009")).rejects.toMatchObject({
    code: "resource/not-found",
  });
});
