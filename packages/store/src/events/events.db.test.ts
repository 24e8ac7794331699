import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

describe("events", () => {
  it("describe every change of a run in order", async () => {
    const after = await store.events.position();
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const progress = { phase: "prune", done: 1, total: 2, unit: "files" };
    await store.beat(lease, progress);
    await store.runs.cancel(store.teamId, id);
    await store.leases.cancelled(lease);
    await store.settled();
    const { events } = await store.events.read(store.teamId, { runId: id, after });
    expect(events.map((event) => (event.type === "run.state" ? event.state : event))).toEqual([
      "QUEUED",
      "DISPATCHED",
      "RUNNING",
      "CANCELLED",
    ]);
    expect(events.at(-1)).toEqual({
      id: expect.stringMatching(/^\d+-\d+$/) as string,
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      type: "run.state",
      runId: id,
      state: "CANCELLED",
      attempt: 1,
      reason: "Cancelled while it ran.",
    });
  });

  it("are not missed by a reader while an earlier transaction is still open", async () => {
    await store.settled();
    const { cursor: start } = await store.events.read(store.teamId, { after: await store.events.position() });
    let commit: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (commit = resolve));
    let begun: () => void = () => undefined;
    const open = new Promise<void>((resolve) => (begun = resolve));
    const slow = store.transaction(async (tx) => {
      const run = await store.runs.submit({ teamId: store.teamId, spec: spec(), dependsOn: [] }, tx);
      begun();
      await held;
      return run.id;
    });
    await open;
    const { id: quick } = await store.submit();
    const early = await store.events.read(store.teamId, { after: start });
    expect(early.events).toEqual([]);
    commit();
    const ids = [await slow, quick];
    await store.settled();
    const { events } = await store.events.read(store.teamId, { after: early.cursor });
    expect(events.map(({ runId }) => runId)).toEqual(ids);
  });

  it("reach a reader exactly once under concurrent writers", async () => {
    await store.settled();
    let cursor = await store.events.position();
    const seen: string[] = [];
    const read = async () => {
      const page = await store.events.read(store.teamId, { after: cursor, limit: 7 });
      cursor = page.cursor;
      seen.push(...page.events.map(({ runId }) => runId));
      return page.events.length;
    };
    let writing = true;
    const reader = (async () => {
      while (writing) await read();
    })();
    const written = await Promise.all(
      Array.from({ length: 5 }, async (_, writer) => {
        const ids: string[] = [];
        for (let i = 0; i < 15; i++) {
          ids.push(
            await store.transaction(async (tx) => {
              const run = await store.runs.submit({ teamId: store.teamId, spec: spec(), dependsOn: [] }, tx);
              await sleep((writer * 3 + i) % 5);
              return run.id;
            }),
          );
        }
        return ids;
      }),
    );
    writing = false;
    await reader;
    await store.settled();
    while ((await read()) > 0);
    expect([...seen].sort()).toEqual(written.flat().sort());
  });

  it("are followed by a hint on commit, also after the listening connection was cut", async () => {
    const hints: string[] = [];
    const unsubscribe = store.events.subscribe(({ runId }) => hints.push(runId));
    const expectHint = async (runId: string) => {
      await expect.poll(() => hints, { timeout: 10_000, interval: 10 }).toContain(runId);
    };
    await expectHint("");
    const first = await store.submit();
    await expectHint(first.id);
    hints.length = 0;
    await store.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'");
    await expectHint("");
    const second = await store.submit();
    await expectHint(second.id);
    unsubscribe();
  });

  it("refuse a cursor that no reading has returned", async () => {
    await expect(store.events.read(store.teamId, { after: "last" })).rejects.toMatchObject({
      code: "request/invalid",
    });
  });
});

const spec = () => ({ kind: "prune" as const, model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 });
