import { newId, type Client, type ExperimentSpec } from "@espalier/contract";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fireSchedules } from "../../apps/api/src/schedules/fire.ts";
import type { TestStore } from "../servers/store.ts";
import { startTestApi, type TestApi } from "./service.ts";

// What can be asked for again: by retry, by clone, by schedule.
const log = pino({ level: "silent" });
let api: TestApi;
let store: TestStore;
let client: Client;
let stranger: Client;
let spec: ExperimentSpec;
beforeAll(async () => {
  api = await startTestApi();
  ({ store, client, stranger, spec } = api);
});
afterAll(() => api.close());

const post = (path: string, body: string, type: string): Promise<Response> =>
  fetch(`${api.url}${path}`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${api.key}`, "content-type": type },
  });

const invalid = (field: string) => ({ code: "request/invalid", facts: { field } });

describe("an experiment", () => {
  it("is cloned with changes, which leave the original as it is", async () => {
    const { id } = await client.experiments.submit(spec);
    const clone = await client.experiments.clone(id, {
      name: "again",
      variants: [3],
      training: { steps: 5, seed: 1 },
    });
    expect(clone.id).not.toBe(id);
    expect(clone.spec).toEqual({ ...spec, name: "again", variants: [3], training: { steps: 5, seed: 1 } });
    const third = await client.experiments.clone(clone.id, { training: { seed: null } });
    expect(third.spec.training).toEqual({ steps: 5 });
    expect((await client.experiments.get(id)).spec).toEqual(spec);
    expect(third.runIds).toHaveLength(4);
  });

  it("is cloned once for each Idempotency-Key, and by a request without a body as it is", async () => {
    const { id } = await client.experiments.submit(spec);
    const options = { idempotencyKey: "once" };
    const [one, two] = [
      await client.experiments.clone(id, { name: "a" }, options),
      await client.experiments.clone(id, { name: "a" }, options),
    ];
    expect(two.id).toBe(one.id);
    await expect(client.experiments.clone(id, { name: "b" }, options)).rejects.toMatchObject({
      code: "idempotency/mismatch",
    });
    const patch = await post(`/v1/experiments/${id}/clone`, '{"name":"c"}', "application/merge-patch+json");
    expect([patch.status, ((await patch.json()) as { name: string }).name]).toEqual([202, "c"]);
  });

  it("is not cloned into what cannot be, and by strangers not at all", async () => {
    const { id } = await client.experiments.submit(spec);
    await expect(client.experiments.clone(id, { training: { stepz: 5 } })).rejects.toMatchObject(
      invalid("/training/stepz"),
    );
    await expect(client.experiments.clone(id, { modelId: null })).rejects.toMatchObject({
      code: "request/invalid",
    });
    await expect(client.experiments.clone(id, { variants: [99] })).rejects.toMatchObject({
      code: "layers/out-of-range",
    });
    for (const body of ["null", "[1]", "7"]) {
      const { status } = await post(`/v1/experiments/${id}/clone`, body, "application/json");
      expect([body, status]).toEqual([body, 400]);
    }
    const missing = { code: "resource/not-found" };
    await expect(stranger.experiments.clone(id)).rejects.toMatchObject(missing);
    await expect(stranger.experiments.retry(id)).rejects.toMatchObject(missing);
  });

  it("is retried from where it was cancelled", async () => {
    const { id } = await client.experiments.submit(spec);
    expect((await client.experiments.cancel(id)).state).toBe("CANCELLED");
    expect((await client.experiments.retry(id)).state).toBe("RUNNING");
    await expect(client.experiments.retry(id)).rejects.toMatchObject({ code: "run/illegal-move" });
  });
});

describe("a run", () => {
  it("is cloned with changes of its spec, with the priority that it had", async () => {
    const run = await client.runs.submit({
      spec: { kind: "prune", model: spec.modelId, layers: 3 },
      priority: 7,
    });
    const clone = await client.runs.clone(run.id, { layers: { dropPercent: 50 } });
    expect(clone).toMatchObject({
      priority: 7,
      spec: { kind: "prune", model: spec.modelId, layers: { dropPercent: 50 } },
    });
    await expect(client.runs.clone(run.id, { layers: 9 })).rejects.toMatchObject({
      code: "layers/out-of-range",
      facts: { field: "/spec/layers" },
    });
  });
});

describe("a graph of runs", () => {
  it("is submitted as one, and refused as one", async () => {
    const prune = (model: object | string) => ({ spec: { kind: "prune", model, layers: 2 } });
    const { runs } = await client.graphs.submit({
      runs: {
        end: { ...prune(spec.modelId), dependsOn: ["cut"] },
        cut: prune({ run: "base" }),
        base: prune(spec.modelId),
      },
    });
    expect(runs).toMatchObject({
      base: { state: "QUEUED", dependsOn: [] },
      cut: { state: "WAITING", dependsOn: [runs.base.id] },
      end: { state: "WAITING", dependsOn: [runs.cut.id] },
    });
    const before = (await client.runs.list()).items.map(({ id }) => id);
    const refuse = (more: object) => client.graphs.submit({ runs: { base: prune(spec.modelId), ...more } });
    await expect(refuse({ a: { ...prune(spec.modelId), dependsOn: ["a"] } })).rejects.toMatchObject({
      code: "run/cyclic",
      facts: { field: "/runs/a" },
    });
    await expect(refuse({ a: { ...prune(spec.modelId), dependsOn: [newId("run")] } })).rejects.toMatchObject({
      code: "resource/not-found",
    });
    await expect(refuse({ a: prune(newId("model")) })).rejects.toMatchObject({ code: "resource/not-found" });
    expect((await client.runs.list()).items.map(({ id }) => id)).toEqual(before);
  });
});

describe("a client that names JSON in every request, also where it sends nothing", () => {
  const send = async (method: string, path: string) =>
    (
      await fetch(`${api.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${api.key}`, "content-type": "application/json" },
      })
    ).status;

  it("cancels, retries, pauses, resumes, clones and deletes", async () => {
    const run = { spec: { kind: "prune" as const, model: spec.modelId, layers: 2 } };
    const { id } = await client.runs.submit(run);
    expect(await send("POST", `/v1/runs/${id}/cancel`)).toBe(200);
    expect(await send("POST", `/v1/runs/${id}/retry`)).toBe(200);
    const experiment = await client.experiments.submit(spec);
    expect(await send("POST", `/v1/experiments/${experiment.id}/clone`)).toBe(202);
    const schedule = await client.schedules.create({ name: "s", cron: "0 3 * * *", submission: { run } });
    expect(await send("POST", `/v1/schedules/${schedule.id}/pause`)).toBe(200);
    expect(await send("POST", `/v1/schedules/${schedule.id}/resume`)).toBe(200);
    expect(await send("DELETE", `/v1/schedules/${schedule.id}`)).toBe(204);
  });

  it("is told where something was needed", async () => {
    expect(await send("POST", "/v1/runs")).toBe(400);
  });
});

it("bare texts are a dataset, over HTTP too", async () => {
  const query = { name: "texts", kind: "texts", format: "lines" } as const;
  const { id } = await client.datasets.create(query, new Blob(["one\ntwo\nthree\n"]).stream());
  expect(await client.datasets.get(id)).toMatchObject({ kind: "texts", rows: 3 });
});

it("a dataset says what was passed over while its file was read", async () => {
  const row = JSON.stringify({ anchor: "a", positive: "b", negative: null, id: 7 });
  const body = new Blob([`${row}\n\n${row}\n`]).stream();
  const { id, reading } = await client.datasets.create({ name: "noted", kind: "triplets" }, body);
  expect(reading).toEqual({ duplicates: 1, blankLines: 1, ignored: [{ name: "id", rows: 2 }] });
  expect((await client.datasets.get(id)).reading).toEqual(reading);
  expect((await client.datasets.list()).items[0]).toMatchObject({ name: "noted", rows: 2, reading });
});

describe("a schedule", () => {
  const due = (id: string) =>
    store.sql("update schedule set next_at = now() - interval '1 s' where id = $1", [id]);

  it("submits its experiment when it is due, and says which one", async () => {
    const { id, nextAt } = await client.schedules.create({
      name: "nightly",
      cron: "0 3 * * *",
      submission: { experiment: spec },
    });
    expect(nextAt).toMatch(/T03:00:00\.000Z$/);
    await fireSchedules(store, log);
    expect(await client.schedules.get(id)).not.toHaveProperty("last");
    await due(id);
    await fireSchedules(store, log);
    const { last } = await client.schedules.get(id);
    expect(await client.experiments.get(last!.experimentId!)).toMatchObject({ spec, state: "RUNNING" });
    await client.schedules.remove(id);
    expect((await client.schedules.list()).items).toEqual([]);
    expect((await client.experiments.get(last!.experimentId!)).spec).toEqual(spec);
  });

  it("submits its run, and goes on when one time came to nothing", async () => {
    const run = { spec: { kind: "prune" as const, model: spec.modelId, layers: 2 } };
    const { id } = await client.schedules.create({ name: "runs", cron: "*/5 * * * *", submission: { run } });
    await due(id);
    await store.sql("update model set state = 'IMPORTING' where id = $1", [spec.modelId]);
    await fireSchedules(store, log);
    expect((await client.schedules.get(id)).last).toMatchObject({
      problem: { code: "resource/conflict", field: "/submission/run/spec/model" },
    });
    await store.sql("update model set state = 'READY' where id = $1", [spec.modelId]);
    await due(id);
    await fireSchedules(store, log);
    const { last } = await client.schedules.get(id);
    expect(await client.runs.get(last!.runId!)).toMatchObject({ state: "QUEUED", spec: run.spec });
    expect((await client.schedules.pause(id)).enabled).toBe(false);
    expect((await client.schedules.resume(id)).enabled).toBe(true);
  });

  it("is refused where it could never do anything, with the field", async () => {
    const create = (more: object) =>
      client.schedules.create({ name: "x", cron: "0 3 * * *", submission: { experiment: spec }, ...more });
    await expect(create({ cron: "every day" })).rejects.toMatchObject(invalid("/cron"));
    await expect(create({ timezone: "Mars/Olympus" })).rejects.toMatchObject(invalid("/timezone"));
    await expect(create({ submission: { experiment: { ...spec, variants: [99] } } })).rejects.toMatchObject({
      code: "layers/out-of-range",
      facts: { field: "/submission/experiment/variants/0" },
    });
    await expect(create({ submission: { experiment: { ...spec, bogus: 1 } } })).rejects.toMatchObject({
      code: "request/invalid",
    });
    expect((await stranger.schedules.list()).items).toEqual([]);
  });
});
