import { setTimeout as sleep } from "node:timers/promises";
import type { RecordedEvent } from "@espalier/contract";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { EventFeed } from "./feed.ts";
import { follow, isAfter } from "./follow.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const any = (most: number) => Math.floor(Math.random() * most);

/** Follows from `after` on; `ids` grows. */
async function open(
  feed: EventFeed,
  after: string,
  subject: { runId?: string } = {},
  events: TestStore["events"] = store.events,
) {
  const ids: string[] = [];
  const failures: unknown[] = [];
  const leave = await follow(
    { feed, events },
    { teamId: store.teamId, ...subject },
    {
      after,
      fail: (error) => failures.push(error),
      outlet: {
        event: (event: RecordedEvent) => ids.push(event.id),
        progress: () => undefined,
        room: async () => (await sleep(any(3)), true),
      },
    },
  );
  return { ids, failures, leave };
}

it("hands over from the past to what is new without a gap or a repetition, whoever writes and comes and goes meanwhile", async () => {
  const start = await store.events.position();
  const feed = new EventFeed(store.events);
  // More than two pages of the past.
  await store.sql(
    `insert into event (team_id, run_id, body) select $1, $2, jsonb_build_object('type', 'run.state', 'runId', $2::text)
     from generate_series(1, 1200)`,
    [store.teamId, (await store.submit()).id],
  );
  let writing = true;
  // Transactions that overlap: one that began first ends last, as often as not.
  const write = async () => {
    for (let i = 0; i < 15; i++) {
      await store.transaction(async (tx) => {
        for (let i = any(3); i >= 0; i--) {
          const run = { teamId: store.teamId, spec: { kind: "prune" as const, model: "mdl_1", layers: 2 } };
          await store.runs.submit(run, tx);
          await sleep(any(8));
        }
      });
    }
  };
  const whole: string[][] = [];
  const clients = Array.from({ length: 6 }, async () => {
    const seen: string[] = [];
    whole.push(seen);
    while (writing) {
      const { ids, failures, leave } = await open(feed, seen.at(-1) ?? start);
      await sleep(any(120));
      leave();
      expect(failures).toEqual([]);
      const count = ids.length;
      await sleep(5);
      expect(ids).toHaveLength(count);
      seen.push(...ids);
    }
  });
  await Promise.all([write(), write(), write(), write()]);
  writing = false;
  await Promise.all(clients);
  await store.settled();
  const { ids: all, leave } = await open(feed, start);
  leave();
  expect(all.length).toBeGreaterThan(1_260);
  const last = await Promise.all(
    whole.map(async (seen) => {
      const { ids, leave } = await open(feed, seen.at(-1) ?? start);
      leave();
      return [...seen, ...ids];
    }),
  );
  for (const seen of last) expect(seen).toEqual(all);
});

it("reads for all who follow at once, and not at all when nobody does", async () => {
  let reads = 0;
  const readAll: TestStore["events"]["readAll"] = (options) => {
    reads++;
    return store.events.readAll(options);
  };
  const feed = new EventFeed({ ...store.events, readAll });
  const after = await store.events.position();
  const followers = await Promise.all(Array.from({ length: 50 }, () => open(feed, after)));
  const { id: runId } = await store.submit();
  const one = await open(feed, after, { runId });
  await store.runs.cancel(store.teamId, runId);
  for (const { ids } of [...followers, one]) while (ids.length < 2) await sleep(5);
  for (const { leave } of [...followers, one]) leave();
  const read = reads;
  expect(read).toBeLessThan(followers.length);
  await sleep(100);
  expect(reads).toBe(read);
  expect(new Set(followers.map(({ ids }) => ids.join())).size).toBe(1);
  expect(one.ids).toEqual(followers[0].ids);
});

it("reads once for 200 who follow, each time that it looks whether something has happened", async () => {
  let statements = 0;
  const counted =
    <Given extends unknown[], Answer>(ask: (...given: Given) => Answer) =>
    (...given: Given): Answer => {
      statements++;
      return ask(...given);
    };
  type Events = TestStore["events"];
  const events: Events = {
    ...store.events,
    read: counted((...given: Parameters<Events["read"]>) => store.events.read(...given)),
    readAll: counted((...given: Parameters<Events["readAll"]>) => store.events.readAll(...given)),
    position: counted(() => store.events.position()),
  };
  const feed = new EventFeed(events);
  const after = await store.events.position();
  const followers = await Promise.all(Array.from({ length: 200 }, () => open(feed, after, {}, events)));
  const opened = statements;
  // It looks every two seconds, more often just after it has heard of something.
  while (statements < opened + 3) await sleep(20);
  const idle = statements - opened;
  for (const { leave } of followers) leave();
  expect(idle).toBe(3);
});

it("orders ids by their transaction, then by their number", () => {
  expect(isAfter("10-1", "9-5")).toBe(true);
  expect(isAfter("9-10", "9-9")).toBe(true);
  expect(isAfter("9-9", "9-9")).toBe(false);
  expect(isAfter("9-9", "10-0")).toBe(false);
});

it("holds one session that listens, however many follow", async () => {
  const feed = new EventFeed(store.events);
  const position = await store.events.position();
  const followers = await Promise.all(Array.from({ length: 50 }, () => open(feed, position)));
  const listening = () =>
    store.sql(
      `select application_name as name from pg_stat_activity
       where datname = current_database() and application_name like '%-listen'`,
    );
  await store.submit();
  await vi.waitFor(() => expect(followers.every(({ ids }) => ids.length > 0)).toBe(true), 10_000);
  expect(await listening()).toEqual([{ name: "espalier-listen" }]);
  for (const { leave } of followers) leave();
});
