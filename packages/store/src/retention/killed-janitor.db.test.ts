import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Lease } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cutAfterEach } from "../../../../test/servers/cut-connections.ts";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store } from "../store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const loss = (step: number) => Math.sin(step / 20);
async function write(location: string): Promise<{ location: string; bytes: number; sha256: string }> {
  const path = join(store.bytesRoot, location);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "content");
  return { location, bytes: 7, sha256: "0".repeat(64) };
}
/** A run that failed long ago, with a checkpoint, a file that nothing refers to, points, lines and events. */
async function failed(): Promise<string> {
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  const folder = ({ runId, attempt }: Lease) => `runs/${runId}/a${attempt}`;
  await store.leases.saveCheckpoint(lease, { step: 5, stored: await write(`${folder(lease)}/step-5`) });
  await write(`${folder(lease)}/left-behind`);
  await store.metrics.append(
    lease,
    Array.from({ length: 800 }, (_, step) => ({ name: "loss", step, value: loss(step) })),
  );
  await store.logs.append(lease, [{ level: "info", message: "a line" }]);
  await store.leases.fail(lease, problemOf("dataset/malformed"));
  return id;
}
async function pastAll(): Promise<void> {
  for (const [table, column] of [
    ["run", "ended_at"],
    ["attempt", "ended_at"],
    ["event", "at"],
    ["log_line", "at"],
  ])
    await store.sql(`update ${table} set ${column} = ${column} - interval '200 days'`);
}
async function orphan(): Promise<void> {
  const { location } = await write("runs/run_00000000000000000000000000/a1/late");
  const old = new Date(Date.now() - 30 * 86_400_000);
  for (let path = location; path !== "runs"; path = dirname(path))
    await utimes(join(store.bytesRoot, path), old, old);
}
/** What a sweep leaves: every row and file that may be doubled or forgotten. */
async function left() {
  const files = (await readdir(store.bytesRoot, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map(({ name }) => name);
  const count = async (table: string) => (await store.sql(`select from ${table}`)).length;
  return {
    files,
    samples: await store.sql(
      "select r.id is not null as living, p.step, p.value from metric_sample p join metric_series s on s.id = p.series left join run r on r.id = s.run_id order by s.run_id, p.step",
    ),
    points: await count("metric_point"),
    lines: await count("log_line"),
    events: await count("event where at < now() - interval '100 days'"),
    series: await count("metric_series"),
    discarded: (await count("discarded_object")) + (await count("discarded_run")),
    checkpoints: await count("attempt where checkpoint is not null"),
  };
}

it("a janitor that is killed after any of its statements goes on where it was, and leaves and doubles nothing", async () => {
  await store.policies.change("orchard", { metrics: 1, logs: 1, events: 1, checkpoints: 1 });
  const [control] = [await failed()];
  await store.collector.sweep();
  await failed();
  const deleted = await failed();
  await pastAll();
  // The points are of days that are over: the partition of before ends ten days ago.
  await store.sql("alter table metric_point detach partition metric_point_before");
  const today = Math.floor(Date.now() / 86_400_000);
  await store.sql(
    `alter table metric_point attach partition metric_point_before for values from (minvalue) to ('${BigInt(today - 10) << 32n}')`,
  );
  await store.sql("update metric_series set id = id - (40::bigint << 32)");
  await store.sql("update metric_point set series = series - (40::bigint << 32)");
  await store.deletions.run(deleted, { teamId: store.teamId, actor: "a test" });
  await orphan();

  const done = new Set<string>();
  let kills = 0;
  for (;;) {
    // Each life of the janitor begins with connections of its own.
    const { databaseUrl, bytesRoot } = store;
    const janitor: Store = await openStore({ databaseUrl, bytesRoot, poolSize: 2 });
    await janitor.ping();
    const cutting = cutAfterEach(done);
    let error: unknown;
    try {
      await janitor.collector.sweep();
    } catch (thrown) {
      error = thrown;
    } finally {
      cutting.restore();
      await janitor.close().catch(() => undefined);
    }
    if (cutting.cut() === undefined) {
      expect(error).toBeUndefined();
      break;
    }
    kills += 1;
    expect(kills).toBeLessThan(200);
  }
  expect(kills).toBeGreaterThan(30);
  const after = await left();
  expect(after).toMatchObject({
    files: [],
    points: 0,
    lines: 0,
    events: 0,
    discarded: 0,
    checkpoints: 0,
    series: 2,
  });
  const { items } = await store.metrics.list(store.teamId, control, { limit: 200 });
  expect(items.length).toBe(200);
  // Both runs measured the same, and the same was kept of both.
  const half = after.samples.length / 2;
  expect(after.samples.slice(0, half)).toEqual(after.samples.slice(half));
  expect(half).toBeGreaterThan(400);
  expect(half).toBeLessThanOrEqual(601);
});
