import type { Lease } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const loss = (from: number, to: number, value = (step: number) => step) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ name: "loss", step: from + i, value: value(from + i) }));
const save = (lease: Lease, step: number) =>
  store.leases.saveCheckpoint(lease, {
    step,
    stored: { location: `runs/${lease.runId}/a${lease.attempt}/c${step}`, bytes: 1, sha256: "0".repeat(64) },
  });

it("a long series keeps its extremes and its mean in a bounded number of ranges, and a short one its points", async () => {
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await store.metrics.append(
    lease,
    loss(1, 5000, (step) => (step === 777 ? -1 : step === 4321 ? NaN : 1)),
  );
  await store.metrics.append(lease, [{ name: "rate", step: 1, value: 2.5 }]);
  const { items, width } = await store.metrics.series(store.teamId, {
    runId: [id],
    name: ["loss", "rate"],
    points: 100,
  });
  const [long, short] = items;
  expect(width).toBe(64);
  expect(long.step.length).toBeLessThanOrEqual(100);
  expect(long.count.reduce((sum, count) => sum + count, 0)).toBe(5000);
  expect(Math.min(...long.least.map(Number))).toBe(-1);
  expect(long.greatest.every((value) => value === 1)).toBe(true);
  expect(short).toMatchObject({
    name: "rate",
    step: [1],
    mean: [2.5],
    least: [2.5],
    greatest: [2.5],
    count: [1],
  });
  expect(Math.abs(short.at[0] - Date.now())).toBeLessThan(60_000);
});

it("a poller gets what is new, the discarded points of an attempt as their own series, and all anew when one begins again", async () => {
  const { id } = await store.submit();
  const first = await store.claimed(id);
  const ask = (since?: string, discarded = false) =>
    store.metrics.series(store.teamId, {
      runId: [id],
      name: ["loss", "none"],
      points: 10,
      discarded,
      ...(since === undefined ? {} : { since }),
    });
  await store.metrics.append(first.lease, loss(1, 6));
  const begun = await ask();
  expect(begun).toMatchObject({ width: 1, items: [{ from: 0, step: [1, 2, 3, 4, 5, 6] }] });
  await store.metrics.append(first.lease, loss(7, 9));
  const more = await ask(begun.cursor);
  expect(more.items).toMatchObject([{ from: 6, step: [6, 7, 8, 9] }]);
  expect((await ask(more.cursor)).items).toMatchObject([{ from: 9, step: [9] }]);

  await save(first.lease, 5);
  await store.leases.fail(first.lease, problemOf("worker/child-crashed"));
  const second = await store.claimed(id);
  await store.metrics.append(
    second.lease,
    loss(6, 7, () => 100),
  );
  const again = await ask(more.cursor, true);
  expect(again.items).toMatchObject([
    { from: 0, step: [1, 2, 3, 4, 5, 6, 7], mean: [1, 2, 3, 4, 5, 100, 100] },
    { discarded: true, step: [6, 7, 8, 9], mean: [6, 7, 8, 9] },
  ]);
  // A series that has grown beyond its ranges gets wider ones.
  await store.metrics.append(
    second.lease,
    loss(8, 100, () => 100),
  );
  expect(await ask(again.cursor)).toMatchObject({ width: 16, items: [{ from: 0 }] });
});

it("a cursor of another question and a run of another team are refused", async () => {
  const { id } = await store.submit();
  const ask = { runId: [id], name: ["loss"] };
  for (const since of ["1.0", "0.0.0", "1.0.0.0", "zzzzzzzz.0.0", "..."])
    await expect(store.metrics.series(store.teamId, { ...ask, since })).rejects.toMatchObject({
      code: "request/invalid",
    });
  const { id: stranger } = await store.teams.ensure("strangers");
  await expect(store.metrics.series(stranger, ask)).rejects.toMatchObject({ code: "resource/not-found" });
  expect((await store.metrics.series(store.teamId, ask)).items).toEqual([]);
});
