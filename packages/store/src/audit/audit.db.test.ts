import { newId } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Act } from "./acts.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

const act = (more: Partial<Act> = {}): Act => ({
  action: "run.submit",
  by: { user: "ann", key: { id: "key_1", name: "laptop" } },
  operator: false,
  team: { id: store.teamId },
  subject: { kind: "run" },
  change: {},
  ...more,
});
const does = (
  more?: Partial<Act>,
  work: () => Promise<unknown> = () => store.transaction(async () => undefined),
) => store.audit.doAct(act(more), work);
const count = async () => (await store.sql<{ n: number }>("select count(*)::int as n from audit"))[0].n;

describe("an act", () => {
  it("is recorded by the transaction of its change, or not at all", async () => {
    const before = await count();
    const failing = does({}, () =>
      store.transaction(async (tx) => {
        await tx.query("select 1");
        throw new Error("no");
      }),
    );
    await expect(failing).rejects.toThrow("no");
    expect(await count()).toBe(before);
    expect(await does()).toMatchObject({ recorded: true });
    expect(await count()).toBe(before + 1);
  });

  it("is recorded once, however many transactions it takes, and none is recorded that nobody does", async () => {
    const before = await count();
    await does({}, async () => {
      for (let i = 0; i < 3; i++) await store.transaction(async () => undefined);
    });
    await store.transaction(async () => undefined);
    await store.submit();
    expect(await count()).toBe(before + 1);
  });

  it("that only looks is not recorded, and one that changes something past the store's transactions is found out", async () => {
    const before = await count();
    const { id } = await store.submit();
    await store.runs.cancel(store.teamId, id);
    const dry = { teamId: store.teamId, actor: "key_1", dryRun: true };
    expect(await does({}, () => store.deletions.run(id, dry))).toMatchObject({ recorded: true });
    expect(await does({}, async () => "nothing")).toMatchObject({ recorded: false });
    expect(await count()).toBe(before);
  });

  it("of two at the same moment is each its own", async () => {
    const users = Array.from({ length: 8 }, (_, i) => `user${i}`);
    await Promise.all(
      users.map((user) =>
        does({ by: { user }, subject: { kind: "run" }, made: (run) => (run as { id: string }).id }, () =>
          store.submit([], {}),
        ),
      ),
    );
    for (const user of users) {
      const { items } = await store.audit.list({ teamId: store.teamId, operator: false }, { user });
      expect(items).toMatchObject([
        { by: { user }, subject: { id: expect.stringMatching(/^run_/) as string } },
      ]);
    }
  });
});

it("an entry can be neither changed nor deleted, nor can the table or a partition of it be emptied", async () => {
  const team = await store.teams.ensure("gone");
  await does({ team });
  await store.collector.sweep();
  const partitions = await store.sql<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit'::regclass",
  );
  expect(partitions.length).toBeGreaterThanOrEqual(2);
  const before = await count();
  let filled = 0;
  for (const table of ["audit", ...partitions.map(({ name }) => name)]) {
    const statements = [`truncate ${table}`, `truncate ${table} cascade`];
    // A trigger of rows is not asked where there are none.
    const [rows] = await store.sql<{ n: number }>(`select count(*)::int as n from ${table}`);
    if (rows.n > 0) statements.push(`update ${table} set operator = true`, `delete from ${table}`);
    filled += Math.min(1, rows.n);
    for (const statement of statements)
      await expect(store.sql(statement), statement).rejects.toThrow("append-only");
  }
  expect(filled).toBeGreaterThanOrEqual(2);
  await expect(store.sql("delete from team where id = $1", [team.id])).resolves.toBeDefined();
  expect(await count()).toBe(before);
});

it("a month has a partition of its own, made ahead", async () => {
  await store.collector.sweep();
  const { id } = await store.teams.ensure("later");
  await store.audit.doAct({ ...act(), team: { id } }, () => store.transaction(async () => undefined));
  const [row] = await store.sql<{ table: string }>(
    "select tableoid::regclass::text as table from audit where team_id = $1",
    [id],
  );
  expect(row?.table).toMatch(/^audit_\d{6}$/);
});

describe("the list", () => {
  it("shows a team its own, and operators also what was done to the pool", async () => {
    const [own, other] = [await store.teams.ensure("own"), await store.teams.ensure("other")];
    const subject = { kind: "worker", id: newId("worker") };
    await does({ team: { id: own.id }, subject });
    await does({ team: { name: "other" }, subject, operator: true });
    await does({ team: undefined, action: "worker.drain", subject, operator: true });
    await does({ team: { id: other.id }, action: "run.cancel", subject });
    const seen = async (teamId: string, operator: boolean) =>
      (await store.audit.list({ teamId, operator }, { subject: subject.id })).items.map(
        ({ action }) => action,
      );
    expect(await seen(own.id, false)).toEqual(["run.submit"]);
    expect(await seen(other.id, false)).toEqual(["run.cancel", "run.submit"]);
    expect(await seen(own.id, true)).toEqual(["worker.drain", "run.submit", "run.submit"]);
  });

  it("is read in pages, and by action, user, key and time", async () => {
    const team = await store.teams.ensure("paged");
    const viewer = { teamId: team.id, operator: false };
    const key = newId("key");
    for (let i = 0; i < 5; i++)
      await does({
        team,
        action: i % 2 === 0 ? "run.hold" : "run.release",
        by: { user: i < 2 ? "ann" : "bob", ...(i === 4 ? { key: { id: key, name: "k" } } : {}) },
      });
    const all = (await store.audit.list(viewer)).items;
    const first = await store.audit.list(viewer, { limit: 2 });
    const rest = await store.audit.list(viewer, { cursor: first.cursor! });
    expect([...first.items, ...rest.items]).toEqual(all);
    expect(rest).not.toHaveProperty("cursor");
    expect((await store.audit.list(viewer, { action: "run.hold" })).items).toHaveLength(3);
    expect((await store.audit.list(viewer, { user: "ann" })).items).toHaveLength(2);
    expect((await store.audit.list(viewer, { key })).items).toEqual([all[0]]);
    const { at } = all[0];
    expect((await store.audit.list(viewer, { since: at })).items).toContainEqual(all[0]);
    expect((await store.audit.list(viewer, { until: at })).items).not.toContainEqual(all[0]);
    for (const until of ["2342-05-25T07:09:38+17:58", "9999-12-31T23:59:60-23:59"])
      expect((await store.audit.list(viewer, { until })).items).toContainEqual(all[0]);
    await expect(store.audit.list(viewer, { cursor: "aud_x" })).rejects.toMatchObject({
      code: "request/invalid",
    });
  });
});
