import { newId, Problem, type RunCreate } from "@espalier/contract";
import type { DueSchedule } from "@espalier/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Transaction } from "../database/database.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());
beforeEach(() => store.sql("delete from schedule"));

const run: RunCreate = { spec: { kind: "prune", model: newId("model"), layers: 2 } };
const create = (name: string, cron = "0 3 * * *") =>
  store.schedules.create({
    teamId: store.teamId,
    schedule: { name, cron, timezone: "Europe/Berlin", submission: { run } },
  });
const submit = async (tx: Transaction, { teamId, submission }: DueSchedule) => ({
  runId: (await store.runs.submit({ teamId, ...(submission as { run: RunCreate }).run }, tx)).id,
});
const due = (id: string, ago: string) =>
  store.sql("update schedule set next_at = date_trunc('second', now()) - $2::interval where id = $1", [
    id,
    ago,
  ]);
const runs = async () =>
  Number(
    (await store.sql<{ n: string }>("select count(*) as n from run where team_id = $1", [store.teamId]))[0].n,
  );
const get = (id: string) => store.schedules.get(store.teamId, id);
const isAhead = ({ nextAt }: { nextAt?: string }) => Date.parse(nextAt!) > Date.now();

describe("a schedule that is due", () => {
  it("fires once, however many look for it at the same time", async () => {
    const { id } = await create("nightly");
    await due(id, "1 s");
    const before = await runs();
    const fired = await Promise.all(Array.from({ length: 8 }, () => store.schedules.fireDue(submit)));
    expect(fired.filter((each) => each !== undefined)).toHaveLength(1);
    expect(await runs()).toBe(before + 1);
    const { last, ...schedule } = await get(id);
    expect(isAhead(schedule)).toBe(true);
    expect(last).toMatchObject({ runId: expect.stringMatching(/^run_/) as string });
    expect(last).not.toHaveProperty("problem");
  });

  it("fires once for all the due times that passed while no server was running", async () => {
    const { id } = await create("quarterly", "*/15 * * * *");
    await due(id, "3 days");
    const before = await runs();
    while (await store.schedules.fireDue(submit));
    expect(await runs()).toBe(before + 1);
    expect(isAhead(await get(id))).toBe(true);
  });

  it("fires completely or not at all, wherever the server is killed", async () => {
    const { id } = await create("nightly");
    await due(id, "1 s");
    const before = await runs();
    const dying = store.schedules.fireDue(async (tx, schedule) => {
      await submit(tx, schedule);
      // The server ends this connection, as a kill of the process that holds it would.
      await tx.query("select pg_terminate_backend(pg_backend_pid())");
      throw new Error("not reached");
    });
    await expect(dying).rejects.toMatchObject({ code: "service/unavailable" });
    expect(await runs()).toBe(before);
    expect((await get(id)).last).toBeUndefined();
    expect(await store.schedules.fireDue(submit)).toMatchObject({ scheduleId: id });
    expect(await store.schedules.fireDue(submit)).toBeUndefined();
    expect(await runs()).toBe(before + 1);
  });

  it("records why it has submitted nothing, leaves no partial submission, and goes on to the next time", async () => {
    for (const error of [
      new Problem("dataset/too-small", "Too few rows."),
      new TypeError("a fault of ours"),
    ]) {
      const { id } = await create(error.name);
      await due(id, "1 s");
      const before = await runs();
      await store.schedules.fireDue(async (tx, schedule) => {
        await submit(tx, schedule);
        throw error;
      });
      expect(await runs()).toBe(before);
      const schedule = await get(id);
      expect(schedule.last!.problem).toMatchObject({
        detail: expect.stringContaining(error.message) as string,
      });
      expect(isAhead(schedule)).toBe(true);
    }
  });

  it("does not fire twice for one due time, even if its next time is set back", async () => {
    const { id } = await create("nightly");
    await due(id, "1 s");
    await store.schedules.fireDue(submit);
    const { last } = await get(id);
    await store.sql("update schedule set next_at = $2 where id = $1", [id, last!.dueAt]);
    const before = await runs();
    await store.schedules.fireDue(submit);
    expect(await runs()).toBe(before);
    expect((await get(id)).last).toEqual(last);
    expect(isAhead(await get(id))).toBe(true);
  });

  it("does not keep others from firing when it cannot be due again", async () => {
    const { id } = await create("nightly");
    const { id: other } = await create("other");
    await due(id, "2 s");
    await due(other, "1 s");
    await store.sql("update schedule set timezone = 'Atlantis/Capital' where id = $1", [id]);
    while (await store.schedules.fireDue(submit));
    const schedule = await get(id);
    expect(schedule).not.toHaveProperty("nextAt");
    expect(schedule.problem).toMatchObject({
      code: "request/invalid",
      detail: expect.stringContaining("Atlantis/Capital") as string,
    });
    expect((await get(other)).last).toMatchObject({ runId: expect.any(String) as string });
  });
});

describe("a schedule", () => {
  it("does not fire while it is paused, and leaves out the missed times when it is resumed", async () => {
    const { id } = await create("nightly");
    await store.schedules.enable(store.teamId, id, false);
    const paused = await store.schedules.enable(store.teamId, id, false);
    expect(paused.enabled).toBe(false);
    expect(paused).not.toHaveProperty("nextAt");
    expect(await store.schedules.fireDue(submit)).toBeUndefined();
    expect(isAhead(await store.schedules.enable(store.teamId, id, true))).toBe(true);
    expect(await store.schedules.fireDue(submit)).toBeUndefined();
  });

  it("says at once that its expression is refused now, and is mended without losing its history", async () => {
    const { id } = await create("nightly");
    expect(await get(id)).not.toHaveProperty("problem");
    // As an earlier release has stored it.
    await store.sql("update schedule set cron = '@daily' where id = $1", [id]);
    const refused = await get(id);
    expect(isAhead(refused)).toBe(true);
    expect(refused.problem).toMatchObject({ detail: expect.stringContaining("0 0 * * *") as string });
    await due(id, "1 s");
    while (await store.schedules.fireDue(submit));
    expect(await get(id)).toMatchObject({ cron: "@daily", last: { outcome: "submitted" } });
    expect(await get(id)).not.toHaveProperty("nextAt");
    await expect(store.schedules.change(store.teamId, id, { cron: "@hourly" })).rejects.toMatchObject({
      code: "request/invalid",
    });
    const mended = await store.schedules.change(store.teamId, id, { cron: "0 0 * * *" });
    expect(isAhead(mended)).toBe(true);
    expect(mended).toMatchObject({ cron: "0 0 * * *", timezone: "Europe/Berlin", overlap: "allow" });
    expect(mended).not.toHaveProperty("problem");
    const { nextAt } = await store.schedules.change(store.teamId, id, { overlap: "skip" });
    expect(nextAt).toBe(mended.nextAt);
    await store.schedules.enable(store.teamId, id, false);
    expect(await store.schedules.change(store.teamId, id, { timezone: "UTC" })).not.toHaveProperty("nextAt");
  });

  it("has a unique name in its team and a valid cron expression, and only its team sees it", async () => {
    const { id } = await create("nightly");
    await expect(create("nightly")).rejects.toMatchObject({
      code: "resource/conflict",
      facts: { field: "/name" },
    });
    await expect(create("never", "0 0 31 2 *")).rejects.toMatchObject({
      code: "request/invalid",
      facts: { field: "/cron" },
    });
    const { id: stranger } = await store.teams.ensure("strangers");
    const missing = { code: "resource/not-found" };
    await expect(store.schedules.get(stranger, id)).rejects.toMatchObject(missing);
    await expect(store.schedules.enable(stranger, id, false)).rejects.toMatchObject(missing);
    await expect(store.schedules.remove(stranger, id)).rejects.toMatchObject(missing);
    expect((await store.schedules.list(stranger)).items).toEqual([]);
    expect((await store.schedules.list(store.teamId)).items.map(({ name }) => name)).toEqual(["nightly"]);
    await store.schedules.remove(store.teamId, id);
    await expect(get(id)).rejects.toMatchObject(missing);
  });
});
