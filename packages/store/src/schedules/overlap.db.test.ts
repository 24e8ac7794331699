import { newId, type OverlapPolicy, type RunCreate } from "@espalier/contract";
import type { DueSchedule } from "@espalier/store";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Transaction } from "../database/database.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());
beforeEach(() => store.sql("delete from schedule"));

const run: RunCreate = { spec: { kind: "prune", model: newId("model"), layers: 2 } };
const create = async (overlap?: OverlapPolicy) => {
  const schedule = { name: "often", cron: "0 3 * * *", submission: { run }, ...(overlap && { overlap }) };
  return store.schedules.create({ teamId: store.teamId, schedule });
};
const submit = async (tx: Transaction, { teamId, submission }: DueSchedule) => ({
  runId: (await store.runs.submit({ teamId, ...(submission as { run: RunCreate }).run }, tx)).id,
});
/** Fires everything that can fire, after the schedule has become due `minutesAgo`. */
const fire = async (id: string, minutesAgo: number) => {
  await store.sql(
    "update schedule set next_at = date_trunc('second', now()) - make_interval(mins => $2) where id = $1",
    [id, minutesAgo],
  );
  return fireAll();
};
const fireAll = async (using = submit) => {
  const fired = [];
  for (let one; (one = await store.schedules.fireDue(using));) fired.push(one.firing);
  return fired;
};
const outcomes = async (id: string) =>
  (await store.schedules.firings(store.teamId, id)).items.map(({ outcome }) => outcome);
const stateOf = async (runId: string | undefined) => (await store.runs.get(store.teamId, runId!)).state;

it("submits all the same where nothing else was asked for", async () => {
  const { id, overlap } = await create();
  expect(overlap).toBe("allow");
  const [first] = await fire(id, 9);
  const [second] = await fire(id, 8);
  expect(second).toMatchObject({ outcome: "submitted", runId: expect.any(String) as string });
  expect([await stateOf(first.runId), await stateOf(second.runId)]).toEqual(["QUEUED", "QUEUED"]);
});

it("skips the times at which the last run has not ended, and says which run that was", async () => {
  const { id } = await create("skip");
  const [first] = await fire(id, 9);
  const [second] = await fire(id, 8);
  expect(second).toMatchObject({ outcome: "skipped", blockedBy: first.runId });
  expect(second).not.toHaveProperty("runId");
  await store.runs.cancel(store.teamId, first.runId!);
  expect(await fire(id, 7)).toMatchObject([{ outcome: "submitted" }]);
  expect(await outcomes(id)).toEqual(["submitted", "skipped", "submitted"]);
});

it("queues one time until the last run has ended, and skips those that come meanwhile", async () => {
  const { id } = await create("queue");
  const [first] = await fire(id, 9);
  expect(await fire(id, 8)).toMatchObject([{ outcome: "waiting", blockedBy: first.runId }]);
  expect(await fire(id, 7)).toMatchObject([{ outcome: "skipped", blockedBy: first.runId }]);
  expect((await store.schedules.get(store.teamId, id)).last).toMatchObject({ outcome: "skipped" });
  await store.schedules.enable(store.teamId, id, false);
  await store.runs.cancel(store.teamId, first.runId!);
  expect(await fireAll()).toEqual([]);
  await store.schedules.enable(store.teamId, id, true);
  const [third, ...more] = await fireAll();
  expect(third).toMatchObject({ outcome: "submitted", blockedBy: first.runId });
  expect(more).toEqual([]);
  expect(await stateOf(third.runId)).toBe("QUEUED");
  expect(await outcomes(id)).toEqual(["skipped", "submitted", "submitted"]);
});

it("replaces the last run, unless the new one is refused", async () => {
  const { id } = await create("replace");
  const [first] = await fire(id, 9);
  await store.sql(
    "update schedule set next_at = date_trunc('second', now()) - interval '8 min' where id = $1",
    [id],
  );
  const refuse = () => Promise.reject(new TypeError("a fault of ours"));
  expect(await fireAll(refuse)).toMatchObject([{ outcome: "failed", problem: { code: "internal/error" } }]);
  expect(await stateOf(first.runId)).toBe("QUEUED");
  const [third] = await fire(id, 7);
  expect(third).toMatchObject({ outcome: "submitted", replaced: [first.runId] });
  expect([await stateOf(first.runId), await stateOf(third.runId)]).toEqual(["CANCELLED", "QUEUED"]);
});

it("follows a change of the policy, and its firings come in pages", async () => {
  const { id } = await create("queue");
  await fire(id, 9);
  await fire(id, 8);
  expect(await store.schedules.change(store.teamId, id, { overlap: "allow" })).toMatchObject({
    overlap: "allow",
  });
  expect(await fireAll()).toMatchObject([{ outcome: "submitted" }]);
  const page = await store.schedules.firings(store.teamId, id, { limit: 1 });
  expect(page.items).toHaveLength(1);
  const rest = await store.schedules.firings(store.teamId, id, { limit: 1, cursor: page.cursor! });
  expect(rest.items).toHaveLength(1);
  expect(rest).not.toHaveProperty("cursor");
  const { id: stranger } = await store.teams.ensure("strangers");
  const missing = { code: "resource/not-found" };
  await expect(store.schedules.firings(stranger, id)).rejects.toMatchObject(missing);
  await expect(store.schedules.change(stranger, id, { overlap: "skip" })).rejects.toMatchObject(missing);
});
