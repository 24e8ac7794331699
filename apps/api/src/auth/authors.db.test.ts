import {
  createClient,
  type Author,
  type Client,
  type RunCreate,
  type ScheduleCreate,
} from "@espalier/contract";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";
import { fireSchedules } from "../schedules/fire.ts";

let api: TestApi;
let ann: Client;
let bob: Client;
let anns: Author;
let bobs: Author;
beforeAll(async () => {
  api = await startTestApi();
  const { store, url } = api;
  const sign = async (user: string) => {
    const { key, text } = await store.teams.createKey(store.teamId, {
      name: `of-${user}`,
      role: "maintainer",
      user,
    });
    const author = { user, key: { id: key.id, name: key.name } };
    return { client: createClient({ url, key: text }), author };
  };
  ({ client: ann, author: anns } = await sign("ann"));
  ({ client: bob, author: bobs } = await sign("bob"));
});
afterAll(() => api.close());

const prune = (): RunCreate => ({ spec: { kind: "prune", model: api.spec.modelId, layers: 2 } });
const runsOf = async (createdBy: string) => (await bob.runs.list({ createdBy })).items;

describe("what a user makes", () => {
  it("says who made it, whatever it is, and lists show what one user made", async () => {
    const before = (await bob.runs.list()).items.length;
    const [run, experiment, array, upload, graph] = await Promise.all([
      ann.runs.submit(prune()),
      ann.experiments.submit(api.spec),
      ann.arrays.submit({
        array: "1-2",
        spec: { kind: "prune", model: api.spec.modelId, layers: "{index}" },
      }),
      ann.uploads.create(),
      ann.graphs.submit({ runs: { one: prune() } }),
    ]);
    const dataset = await ann.datasets.create({ name: "bare", kind: "texts" }, '{"text": "A text."}\n');
    const imported = await ann.models.create({ name: "hub", source: { hub: "org/name" } });
    const clone = await ann.runs.clone(run.id);
    for (const made of [
      run,
      experiment,
      array,
      upload,
      graph.runs["one"],
      dataset,
      imported.model,
      imported.run,
      clone,
    ])
      expect(made).toMatchObject({ createdBy: anns });
    for (const again of [
      await bob.runs.get(array.runs[0].runId),
      await bob.experiments.get(experiment.id),
      await bob.arrays.get(array.id),
      await bob.datasets.get(dataset.id),
      await bob.models.get(imported.model.id),
    ])
      expect(again).toMatchObject({ createdBy: anns });

    const theirs = await bob.runs.submit(prune());
    expect((await runsOf("bob")).map(({ id }) => id)).toEqual([theirs.id]);
    const all = await runsOf("ann");
    expect(all).toHaveLength((await bob.runs.list({ limit: 200 })).items.length - before - 1);
    expect(await bob.runs.list({ createdBy: "ann", kind: "import" })).toMatchObject({
      items: [{ id: imported.run.id }],
    });
    expect((await bob.runs.list({ createdBy: "ann", experimentId: experiment.id })).items).toHaveLength(
      experiment.runIds.length,
    );
    const { cursor } = await bob.runs.list({ createdBy: "ann", limit: 2 });
    expect((await bob.runs.list({ createdBy: "ann", cursor: cursor! })).items).toEqual(all.slice(2));
    for (const list of [bob.experiments.list, bob.arrays.list, bob.datasets.list, bob.models.list]) {
      expect((await list({ createdBy: "ann" })).items).toHaveLength(1);
      expect((await list({ createdBy: "bob" })).items).toEqual([]);
    }
    expect(await runsOf("nobody")).toEqual([]);
    expect((await api.stranger.runs.list({ createdBy: "ann" })).items).toEqual([]);
  });

  it("is ended by somebody who is named, the first where two wanted it, and by nobody after a retry", async () => {
    const { id } = await ann.runs.submit(prune());
    expect(await bob.runs.cancel(id)).toMatchObject({ createdBy: anns, cancelledBy: bobs });
    expect(await ann.runs.cancel(id)).toMatchObject({ cancelledBy: bobs });
    expect(await ann.runs.retry(id)).not.toHaveProperty("cancelledBy");
    const array = await ann.arrays.submit({
      array: "1-2",
      spec: { kind: "prune", model: api.spec.modelId, layers: "{index}" },
    });
    await bob.arrays.cancel(array.id);
    expect(await bob.runs.get(array.runs[1].runId)).toMatchObject({ cancelledBy: bobs });
    const { id: experimentId, runIds } = await ann.experiments.submit({ ...api.spec, name: "ended" });
    await bob.experiments.cancel(experimentId);
    expect(await bob.runs.get(runIds[0])).toMatchObject({ cancelledBy: bobs });
  });

  it("has no author where it was made before authors were kept, and is the default user's", async () => {
    const { id } = await ann.runs.submit(prune());
    await api.store.sql(
      `update run set created_by = null, user_id = (select id from team_user where name = 'default' and team_id = run.team_id)
       where id = $1`,
      [id],
    );
    expect(await bob.runs.get(id)).not.toHaveProperty("createdBy");
    expect((await runsOf("default")).map((run) => run.id)).toContain(id);
  });
});

describe("what a schedule submits", () => {
  const schedule = (name: string, overlap: ScheduleCreate["overlap"] = "allow"): ScheduleCreate => ({
    name,
    cron: "0 3 * * *",
    overlap,
    submission: { run: prune() },
  });
  const fire = async (id: string): Promise<string> => {
    await api.store.sql("update schedule set next_at = now() - interval '1 second' where id = $1", [id]);
    await fireSchedules(api.store, pino({ level: "silent" }));
    const { last } = await bob.schedules.get(id);
    return last!.runId!;
  };

  it("is its maker's, whose weight and quota count, and what it replaces was ended by it", async () => {
    const { id, name, createdBy } = await ann.schedules.create(schedule("nightly", "replace"));
    expect(createdBy).toEqual(anns);
    expect((await bob.schedules.list({ createdBy: "ann" })).items).toMatchObject([{ id, createdBy: anns }]);
    const author = { ...anns, schedule: { id, name } };
    const first = await fire(id);
    expect(await bob.runs.get(first)).toMatchObject({ createdBy: author });
    const users = await api.store.sql<{ name: string }>(
      "select u.name from run r join team_user u on u.id = r.user_id where r.id = $1",
      [first],
    );
    expect(users).toEqual([{ name: "ann" }]);
    const second = await fire(id);
    expect(await bob.runs.get(first)).toMatchObject({ state: "CANCELLED", cancelledBy: author });
    const { items } = await bob.audit({ action: "schedule.fire", subject: id });
    expect(items).toMatchObject([
      { by: author, change: { runId: second, replaced: [first] } },
      { by: author, change: { runId: first } },
    ]);
  });

  it("is the default user's where nobody knows who made the schedule", async () => {
    const { id, name } = await ann.schedules.create(schedule("old"));
    await api.store.sql("update schedule set created_by = null, user_id = null where id = $1", [id]);
    const run = await bob.runs.get(await fire(id));
    expect(run.createdBy).toEqual({ user: "default", schedule: { id, name } });
    expect((await runsOf("default")).map((each) => each.id)).toContain(run.id);
  });
});
