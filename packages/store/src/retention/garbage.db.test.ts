import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Lease } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

/** Writes a file where an attempt writes, and returns what the store would say of it. */
async function write({ runId, attempt }: Lease, name: string) {
  const location = `runs/${runId}/a${attempt}/${name}`;
  await mkdir(dirname(join(store.bytesRoot, location)), { recursive: true });
  await writeFile(join(store.bytesRoot, location), "content");
  return { location, bytes: 7, sha256: "0".repeat(64) };
}
const filesOf = async (runId: string): Promise<string[]> => {
  const folder = join(store.bytesRoot, "runs", runId);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};
/** Lets time pass for a run that has ended. */
const age = async (runId: string, interval: string) => {
  for (const [table, key] of [
    ["run", "id"],
    ["attempt", "run_id"],
  ] as const)
    await store.sql(`update ${table} set ended_at = ended_at - $2::interval where ${key} = $1`, [
      runId,
      interval,
    ]);
};
const fail = (lease: Lease) => store.leases.fail(lease, problemOf("dataset/malformed"));

describe("a sweep", () => {
  it("frees what an attempt left behind, and the checkpoint only when no retry goes on from it any more", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.leases.saveCheckpoint(lease, { step: 5, stored: await write(lease, "step-5") });
    await write(lease, "step-6");
    await fail(lease);
    await store.collector.sweep();
    expect((await filesOf(id)).sort()).toEqual(["step-5", "step-6"]);
    await age(id, "2 days");
    const found = await store.collector.survey();
    expect(found.find(({ kind }) => kind === "attempts")).toMatchObject({ count: 1 });
    await store.collector.sweep();
    expect(await filesOf(id)).toEqual(["step-5"]);
    // A retry takes it up, and while it runs nothing is freed.
    await store.runs.retry(store.teamId, id);
    const again = await store.claimed(id);
    expect(again.checkpoint?.step).toBe(5);
    await age(id, "100 days");
    await store.collector.sweep();
    expect(await filesOf(id)).toEqual(["step-5"]);
    await fail(again.lease);
    await age(id, "8 days");
    const freed = await store.collector.sweep();
    expect(freed.find(({ kind }) => kind === "checkpoints")).toMatchObject({ count: 1, bytes: 7 });
    expect(await filesOf(id)).toEqual([]);
  });

  it("finds folders of which there is no row, after a week, and never one of a living attempt", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const week = new Date(Date.now() - 8 * 86_400_000);
    const gone = { ...lease, runId: "run_0123456789abcdefghjkmnpqrs" };
    for (const each of [lease, gone]) {
      const { location } = await write(each, "deep/file");
      for (let path = location; path !== "runs"; path = dirname(path))
        await utimes(join(store.bytesRoot, path), week, week);
    }
    const found = async () => (await store.collector.survey()).find(({ kind }) => kind === "folders");
    expect(await found()).toMatchObject({ count: 1, bytes: 7 });
    // Somebody still writes there.
    await write(gone, "deep/other");
    expect(await found()).toMatchObject({ count: 0 });
    await utimes(join(store.bytesRoot, `runs/${gone.runId}/a1/deep/other`), week, week);
    await utimes(join(store.bytesRoot, `runs/${gone.runId}/a1/deep`), week, week);
    expect(await found()).toMatchObject({ count: 1, bytes: 14 });
    await store.collector.sweep();
    expect(await filesOf(gone.runId)).toEqual([]);
    expect(await filesOf(id)).toEqual(["file"]);
    await fail(lease);
  });

  it("keeps no checkpoint of a run that was cancelled", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.leases.saveCheckpoint(lease, { step: 5, stored: await write(lease, "step-5") });
    await store.leases.cancelled(lease);
    await age(id, "2 hours");
    await store.collector.sweep();
    expect(await filesOf(id)).toEqual([]);
  });

  it("deletes old log lines and events as each team says, and nothing of one that keeps them for ever", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.logs.append(lease, [
      { level: "info", message: "old" },
      { level: "info", message: "new" },
    ]);
    await fail(lease);
    await store.sql(
      "update log_line set at = now() - interval '60 days' where run_id = $1 and message = 'old'",
      [id],
    );
    await store.sql("update event set at = now() - interval '40 days' where run_id = $1", [id]);
    const messages = async () =>
      (await store.logs.list(store.teamId, id)).items.map(({ message }) => message);
    expect(await store.policies.change("orchard", { events: null, logs: 61 })).toMatchObject({
      events: null,
      logs: 61,
    });
    await store.collector.sweep();
    expect(await messages()).toEqual(["old", "new"]);
    expect(await store.sql("select from event where run_id = $1", [id])).not.toEqual([]);
    await store.policies.change("orchard", { events: 39, logs: 39 });
    await store.collector.sweep();
    expect(await messages()).toEqual(["new"]);
    expect(await store.sql("select from event where run_id = $1", [id])).toEqual([]);
    await expect(store.sql("update team set keep_logs = 0")).rejects.toThrow(/check constraint/);
  });

  it("keeps the shape of long series, all of short ones, and says that they are sampled", async () => {
    const { id } = await store.submit();
    const first = await store.claimed(id);
    const points = (name: string, count: number, value: (step: number) => number) =>
      Array.from({ length: count }, (_, step) => ({ name, step, value: value(step) }));
    await store.metrics.append(
      first.lease,
      points("loss", 20, () => 100),
    );
    await store.leases.giveBack(first.lease);
    // It has no checkpoint, so it measures all steps again.
    const second = await store.claimed(id);
    const loss = (step: number) => (step === 1234 ? 50 : step === 3456 ? -50 : Math.sin(step / 100));
    await store.metrics.append(second.lease, [
      ...points("loss", 5_000, loss),
      ...points("lr", 601, (step) => step),
    ]);
    await fail(second.lease);
    const read = async (name: string, query = {}) => {
      const items = [];
      for (let cursor: string | undefined; ;) {
        const page = await store.metrics.list(store.teamId, id, {
          name,
          limit: 200,
          ...query,
          ...(cursor ? { cursor } : {}),
        });
        items.push(...page.items);
        cursor = page.cursor;
        if (cursor === undefined) return items;
      }
    };
    await store.collector.sweep();
    expect(await read("loss")).toHaveLength(5_000);
    await age(id, "31 days");
    const freed = await store.collector.sweep();
    const kept = await read("loss");
    expect(freed.find(({ kind }) => kind === "metrics")).toMatchObject({ count: 5_020 - kept.length });
    expect(kept.length).toBeLessThanOrEqual(601);
    expect(
      kept.every(({ sampled, attempt, step, value }) => sampled && attempt === 2 && value === loss(step)),
    ).toBe(true);
    expect(kept.map(({ step }) => step)).toEqual(expect.arrayContaining([0, 1234, 3456, 4999]));
    // No bucket of 25 steps is empty.
    expect(new Set(kept.map(({ step }) => Math.floor(step / 25))).size).toBe(200);
    expect(await read("lr")).toHaveLength(601);
    expect(await store.collector.sweep()).toContainEqual(
      expect.objectContaining({ kind: "metrics", count: 0 }),
    );
  });
});
