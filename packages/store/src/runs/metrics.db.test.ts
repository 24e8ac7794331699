import type { Lease } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

describe("metrics", () => {
  const list = async (id: string, query = {}) =>
    (await store.metrics.list(store.teamId, id, query)).items.map(({ step, value, attempt }) => [
      step,
      value,
      attempt,
    ]);
  const loss = (values: Record<number, number>) =>
    Object.entries(values).map(([step, value]) => ({ name: "loss", step: Number(step), value }));
  const save = (lease: Lease, step: number) =>
    store.leases.saveCheckpoint(lease, {
      step,
      stored: {
        location: `runs/${lease.runId}/a${lease.attempt}/c${step}`,
        bytes: 1,
        sha256: "0".repeat(64),
      },
    });

  it("keep the last value of a name and step, however often it is sent", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.metrics.append(lease, [...loss({ 1: 9, 2: 8 }), ...loss({ 2: 7 })]);
    await store.metrics.append(lease, loss({ 2: 6 }));
    await store.metrics.append(lease, loss({ 2: 6 }));
    expect(await list(id)).toEqual([
      [1, 9, 1],
      [2, 6, 1],
    ]);
  });

  it("go on from the checkpoint, and what an attempt measured after it is discarded but can still be read", async () => {
    const { id } = await store.submit();
    const first = await store.claimed(id);
    await store.metrics.append(first.lease, loss({ 1: 9, 2: 8, 3: 7, 4: 6 }));
    await save(first.lease, 2);
    await store.leases.fail(first.lease, problemOf("worker/child-crashed"));
    expect(await list(id)).toHaveLength(4);
    const second = await store.claimed(id);
    // At once, and not when the second attempt comes to measure the same steps.
    expect(await list(id)).toEqual([
      [1, 9, 1],
      [2, 8, 1],
    ]);
    await store.metrics.append(second.lease, loss({ 3: 5 }));
    expect(await list(id)).toEqual([
      [1, 9, 1],
      [2, 8, 1],
      [3, 5, 2],
    ]);
    expect(await list(id, { discarded: true })).toEqual([
      [3, 7, 1],
      [4, 6, 1],
    ]);
    expect(await list(id, { attempt: 1 })).toHaveLength(4);
    expect(await list(id, { attempt: 2, discarded: true })).toEqual([]);
    expect((await store.runs.attempts(store.teamId, id)).map(({ resumedStep }) => resumedStep)).toEqual([
      undefined,
      2,
    ]);
    // A third that goes on from there, too, discards what the second had measured.
    await store.leases.giveBack(second.lease);
    await store.claimed(id);
    expect(await list(id)).toHaveLength(2);
    expect(await list(id, { discarded: true })).toEqual([
      [3, 7, 1],
      [3, 5, 2],
      [4, 6, 1],
    ]);
  });

  it("count once where an attempt measures again what was kept", async () => {
    const { id } = await store.submit();
    const first = await store.claimed(id);
    await store.metrics.append(first.lease, loss({ 1: 9, 2: 8 }));
    await save(first.lease, 2);
    await store.leases.giveBack(first.lease);
    // Its checkpoint turns out to be corrupt, and it begins anew.
    const second = await store.claimed(id);
    await store.metrics.append(second.lease, loss({ 1: 4 }));
    expect(await list(id)).toEqual([
      [1, 4, 2],
      [2, 8, 1],
    ]);
    expect(await list(id, { discarded: true })).toEqual([[1, 9, 1]]);
  });

  it("turn NaN and infinities into null", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.metrics.append(
      lease,
      [NaN, Infinity, -Infinity, -0.5].map((value, step) => ({ name: "x", step, value })),
    );
    expect((await store.metrics.list(store.teamId, id)).items.map(({ value }) => value)).toEqual([
      null,
      null,
      null,
      -0.5,
    ]);
  });

  it("come in pages by name and step", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const points = ["a", "b"].flatMap((name) => [10, 2, 1].map((step) => ({ name, step, value: step })));
    await store.metrics.append(lease, points);
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await store.metrics.list(store.teamId, id, { limit: 4, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ name, step }) => `${name}${step}`));
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(["a1", "a2", "a10", "b1", "b2", "b10"]);
    const only = await store.metrics.list(store.teamId, id, { name: "b", limit: 2 });
    expect(only.items.map(({ step }) => step)).toEqual([1, 2]);
  });
});

describe("log lines", () => {
  it("come back in order, page by page, whatever characters they hold", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const messages = ["first", "zero \u0000 byte", "half \ud800 pair", "last"];
    await store.logs.append(
      lease,
      messages.map((message) => ({ level: "info" as const, message })),
    );
    const page = await store.logs.list(store.teamId, id, { limit: 3 });
    const rest = await store.logs.list(store.teamId, id, { limit: 3, cursor: page.cursor! });
    expect([...page.items, ...rest.items].map(({ message }) => message)).toEqual([
      "first",
      "zero \ufffd byte",
      "half \ufffd pair",
      "last",
    ]);
  });
});
