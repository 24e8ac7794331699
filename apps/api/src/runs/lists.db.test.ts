import { createClient, newId, type Client, type Run, type TeamRole } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
let [ann, bob]: Client[] = [];
let runs: Record<string, Run>;
beforeAll(async () => {
  api = await startTestApi();
  const clientOf = async (user: string, role: TeamRole = "member") =>
    createClient({
      url: api.url,
      key: (await api.store.teams.createKey(api.store.teamId, { name: "key", role, user })).text,
    });
  [ann, bob] = [await clientOf("ann"), await clientOf("bob")];
  const spec = { kind: "prune" as const, model: api.spec.modelId, layers: 2 };
  runs = {
    first: await ann.runs.submit({ spec, name: "Sweep-lr/1e-4", tags: ["lr=1e-4", "sweep"] }),
    second: await ann.runs.submit({ spec, name: "other", tags: ["sweep"], class: "urgent" }),
    third: await bob.runs.submit({ spec, notes: "for the paper" }),
    fourth: await bob.runs.submit({ spec, class: "idle" }),
  };
  await bob.runs.cancel(runs.third.id);
  await ann.runs.cancel(runs.second.id);
});
afterAll(() => api.close());

const nameOf = (id: string) => Object.keys(runs).find((name) => runs[name].id === id);
const list = async (query: Parameters<Client["runs"]["list"]>[0]) =>
  (await ann.runs.list(query)).items.map(({ id }) => nameOf(id));

it("runs are found by every filter, by several values, and by what they are called", async () => {
  const found: [Parameters<Client["runs"]["list"]>[0], string[]][] = [
    [{}, ["fourth", "third", "second", "first"]],
    [{ sort: "oldest" }, ["first", "second", "third", "fourth"]],
    [{ sort: "ended" }, ["second", "third"]],
    [{ sort: "duration" }, []],
    [{ state: "CANCELLED" }, ["third", "second"]],
    [{ state: ["CANCELLED", "QUEUED"], kind: ["prune", "train"] }, ["fourth", "third", "second", "first"]],
    [{ class: ["urgent", "idle"] }, ["fourth", "second"]],
    [{ createdBy: ["ann", "nobody"] }, ["second", "first"]],
    [{ tag: "sweep" }, ["second", "first"]],
    [{ tag: ["lr=1e-4", "none"], state: "QUEUED" }, ["first"]],
    [{ model: api.spec.modelId, createdBy: "bob", sort: "oldest" }, ["third", "fourth"]],
    [{ model: newId("model") }, []],
    [{ experimentId: newId("experiment") }, []],
    [{ q: "sweep" }, ["second", "first"]],
    [{ q: "LR 1E" }, ["first"]],
    [{ q: "sweep-lr/" }, ["first"]],
    [{ q: "weep" }, []],
    [{ q: "it's \\ 100%:*" }, []],
    [{ q: runs.third.id.slice(0, 28) }, ["third"]],
    [{ q: "M" }, ["fourth", "third", "second", "first"]],
  ];
  for (const [query, names] of found) expect(await list(query), JSON.stringify(query)).toEqual(names);
  const unknown: object = { state: ["LOST"] };
  await expect(ann.runs.list(unknown)).rejects.toMatchObject({ code: "request/invalid" });
});

it("each order goes on from page to page, and gives only the fields that are asked for", async () => {
  for (const sort of ["newest", "oldest", "ended"] as const) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ann.runs.list({ sort, limit: 1, fields: ["state"], ...(cursor && { cursor }) });
      for (const run of page.items) {
        expect(Object.keys(run).sort()).toEqual(["id", "state"]);
        seen.push(run.id);
      }
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(seen.map(nameOf), sort).toEqual(await list({ sort }));
  }
  await expect(ann.runs.list({ sort: "ended", cursor: runs.first.id })).rejects.toMatchObject({
    code: "request/invalid",
  });
});

it("facets count what each value would leave, by the other filters", async () => {
  const { total, complete, facets } = await ann.runs.facets({ tag: ["sweep"], state: "CANCELLED" });
  const numbers = (name: keyof typeof facets) =>
    Object.fromEntries(facets[name].map(({ name: called, count }) => [called, count]));
  expect({ total, complete, state: numbers("state"), tag: numbers("tag") }).toEqual({
    total: 1,
    complete: true,
    state: { QUEUED: 1, CANCELLED: 1 },
    tag: { sweep: 1 },
  });
  expect(numbers("createdBy")).toEqual({ ann: 1 });
  const all = await ann.runs.facets();
  expect(all.facets.class.map(({ value, count }) => [value, count])).toEqual([
    ["normal", 2],
    ["idle", 1],
    ["urgent", 1],
  ]);
  expect(all.facets.model).toEqual([{ value: api.spec.modelId, name: "m", count: 4 }]);
});

it("a run is renamed, tagged, noted and held by one change, and what is null is taken away", async () => {
  const { id } = runs.first;
  const changed = await ann.runs.change(id, { name: "best", tags: ["a", "a2"], notes: "seen", hold: true });
  expect(changed).toMatchObject({ name: "best", tags: ["a", "a2"], notes: "seen", held: {} });
  expect(await list({ q: "best" })).toEqual(["first"]);
  const bare = await ann.runs.change(id, { name: null, tags: [], notes: null, hold: false });
  for (const field of ["name", "tags", "notes", "held"]) expect(bare).not.toHaveProperty(field);
  await expect(ann.runs.change(id, { tags: ["two words"] })).rejects.toMatchObject({
    code: "request/invalid",
  });
});

it("an action on many has an outcome for each, says first what it would do, and does to others' runs nothing", async () => {
  const ids = [runs.first.id, runs.fourth.id, runs.second.id, newId("run")];
  const outcomes = async (dryRun: boolean) => {
    const { items, done, refused } = await ann.runs.act({ action: "cancel", runIds: ids, dryRun });
    return { done, refused, codes: items.map(({ problem }) => problem?.code) };
  };
  const dry = await outcomes(true);
  expect(dry.codes).toEqual([undefined, "auth/forbidden", "run/illegal-move", "resource/not-found"]);
  expect((await ann.runs.get(runs.first.id)).state).toBe("QUEUED");
  // To cancel again what is cancelled changes nothing and is no error.
  expect(await outcomes(false)).toMatchObject({
    codes: [undefined, "auth/forbidden", undefined, "resource/not-found"],
  });
  expect((await ann.runs.get(runs.first.id)).state).toBe("CANCELLED");
  const retried = await ann.runs.act({ action: "retry", filter: { createdBy: ["ann"] } });
  expect(retried).toMatchObject({ done: 2, refused: 0, more: false });
  const { items } = await ann.audit({ subject: runs.first.id, action: "run.retry" });
  expect(items).toMatchObject([{ by: { user: "ann" } }]);
  const both = { action: "hold" as const, runIds: ids, filter: {} };
  for (const wrong of [both, { action: "hold" as const }])
    await expect(ann.runs.act(wrong)).rejects.toMatchObject({ code: "request/invalid" });
});

it("a plan says when a submission would start and what it would cost, and writes nothing", async () => {
  const large = {
    address: "cpu",
    identity: "cpu",
    kind: "cpu",
    name: "cpu",
    engine: "onnx-cpu",
    memoryBytes: 64e9,
  } as const;
  await api.store.workers.register({ name: "large", host: "h", version: "0", devices: [large] });
  const before = (await ann.runs.list()).items.length;
  const one = await ann.plan({ run: { spec: { kind: "prune", model: api.spec.modelId, layers: 2 } } });
  expect(one.runs).toMatchObject([{ kind: "prune", devices: 1, basis: "usual-pace" }]);
  expect(one.runs[0].fitting).toBeGreaterThan(0);
  expect(one.runs[0].memoryBytes).toBeGreaterThan(0);
  expect(Date.parse(one.end!)).toBeGreaterThan(Date.parse(one.at));
  // A second of a nominal host took this one a hundred: the next is told by that.
  const { id } = await ann.runs.submit({ spec: { kind: "prune", model: api.spec.modelId, layers: 2 } });
  const { lease } = await api.store.claimed(id);
  await api.store.sql("update attempt set started_at = now() - interval '500 s' where run_id = $1", [id]);
  await api.store.leases.succeed(lease, { result: { modelId: api.spec.modelId } });
  const { runs } = await ann.plan({ run: { spec: { kind: "prune", model: api.spec.modelId, layers: 2 } } });
  expect(runs[0].basis).toBe("pace");
  expect(runs[0].duration.likely).toBeGreaterThan(450);
  expect(runs[0].duration.likely).toBeLessThan(550);
  const many = await ann.plan({ experiment: { ...api.spec, name: "planned" } });
  expect(many.runs.length).toBeGreaterThan(3);
  expect(many.deviceHours).toBeGreaterThan(0);
  expect((await ann.runs.list()).items).toHaveLength(before + 1);
  await expect(ann.plan({})).rejects.toMatchObject({ code: "request/invalid" });
  await expect(
    ann.plan({ run: { spec: { kind: "prune", model: newId("model"), layers: 2 } } }),
  ).rejects.toMatchObject({ code: "resource/not-found" });
});
