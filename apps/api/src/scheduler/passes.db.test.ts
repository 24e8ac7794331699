import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { defaultPolicy } from "@espalier/scheduler";
import { Passes } from "./passes.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  // Nobody beats for the worker, and it is not to be silent.
  await store.sql("update worker_pulse set seen_at = now() + interval '1 hour'");
});
afterAll(() => store.discard());

const reasonOf = async (runId: string): Promise<string | undefined> =>
  (
    await store.sql<{ code: string }>("select reason ->> 'code' as code from run_waiting where run_id = $1", [
      runId,
    ])
  )[0]?.code;
/** Passes until one has nothing left to say. */
async function settle(passes: Passes): Promise<void> {
  do {
    await sleep(passes.owesIn ?? 0);
    await passes.pass();
  } while (passes.owesIn !== undefined);
}

it("makes no plan while nothing has changed, and one as soon as something has", async () => {
  const passes = new Passes({ store });
  const first = await store.submit();
  const { committed } = await passes.pass();
  expect(committed?.deliveries.map(({ runId }) => runId)).toEqual([first.id]);
  const { id } = await store.submit();
  await settle(passes);
  expect(await reasonOf(id)).toBe("waiting-for-device");
  expect(await passes.pass()).toMatchObject({ stood: true });

  const another = await store.submit();
  expect((await passes.pass()).stood).toBeUndefined();
  await settle(passes);
  expect(await reasonOf(another.id)).toBe("waiting-for-device");
  expect(await passes.pass()).toMatchObject({ stood: true });
  await store.runs.cancel(store.teamId, first.id);
  const { committed: next } = await passes.pass();
  expect(next?.deliveries.map(({ runId }) => runId)).toEqual([id]);
  for (const runId of [id, another.id]) await store.runs.cancel(store.teamId, runId);
  await settle(passes);
});

it("tells a run that was put before another of its place as soon as it may, though nothing else happens", async () => {
  const passes = new Passes({ store });
  const running = await store.submit();
  await passes.pass();
  const [first, second] = [await store.submit(), await store.submit()];
  await settle(passes);
  const places = async () =>
    (
      await store.sql<{ runId: string }>(
        `select run_id as "runId" from run_waiting where run_id = any($1) order by position`,
        [[first.id, second.id]],
      )
    ).map(({ runId }) => runId);
  expect(await places()).toEqual([first.id, second.id]);
  const { teamId } = store;
  await store.runs.change({ teamId, runId: second.id, change: { priority: 1 }, by: "she" });
  await passes.pass();
  await settle(passes);
  expect(await places()).toEqual([second.id, first.id]);
  expect(await passes.pass()).toMatchObject({ stood: true });
  for (const { id } of [running, first, second]) await store.runs.cancel(teamId, id);
  await settle(passes);
});

/** As many runs more like one, in the order of their numbers. */
const copies = (of: string, name: string, count: number) =>
  store.sql(
    `insert into run (id, team_id, user_id, kind, state, spec, resolved, queued_at)
     select $2 || n, team_id, user_id, kind, state, spec, resolved, now() + n * interval '1 ms' from run, generate_series(1, $3::int) n
     where id = $1`,
    [of, name, count],
  );

it("commits the first decisions over a long queue before it works out why the others wait", async () => {
  const { id: first } = await store.submit();
  await copies(first, "run_long", 15);
  const passes = new Passes({ store, longQueue: 10 });
  const { committed } = await passes.pass();
  expect(committed?.deliveries.map(({ runId }) => runId)).toEqual([first]);
  expect(await reasonOf("run_long7")).toBeUndefined();
  expect(passes.owesIn).toBeDefined();
  await settle(passes);
  expect(await reasonOf("run_long7")).toBe("waiting-for-device");
  expect(await passes.pass()).toMatchObject({ stood: true });
});

it("tells the rest later where something else comes first", async () => {
  let interrupted = true;
  const passes = new Passes({ store, portion: 4, interrupted: () => interrupted });
  await store.sql("delete from run_waiting");
  const told = async (): Promise<number> =>
    (await store.sql<{ n: number }>("select count(*)::int as n from run_waiting"))[0].n;
  await passes.pass();
  expect(await told()).toBe(4);
  interrupted = false;
  await settle(passes);
  expect(await told()).toBe(15);
});

it("says in the pass that asks a run to make room for whom it does, and starts that one when it has left", async () => {
  await store.sql("update run set state = 'CANCELLED', ended_at = now() where ended_at is null");
  const passes = new Passes({ store, policy: { ...defaultPolicy, minRunMs: 0, minGainMs: 0 } });
  const idle = await store.submit([], { class: "idle" });
  const { lease } = await store.claimed(idle.id);
  const urgent = await store.submit([], { class: "urgent" });
  const { committed } = await passes.pass();
  expect(committed?.preempted).toEqual([idle.id]);
  expect(await reasonOf(urgent.id)).toBe("preempting");
  await passes.pass();
  expect(await passes.pass()).toMatchObject({ stood: true });
  await store.leases.giveBack(lease);
  const { committed: next } = await passes.pass();
  expect(next?.deliveries.map(({ runId }) => runId)).toEqual([urgent.id]);
});
