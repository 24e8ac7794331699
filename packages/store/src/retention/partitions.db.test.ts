import { newId, type Lease } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { claimOn } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const count = 2_000;
const loss = (step: number) => Math.cos(step / 50);
const append = (lease: Lease, points: number) =>
  store.metrics.append(
    lease,
    Array.from({ length: points }, (_, step) => ({ name: "loss", step, value: loss(step) })),
  );
const names = async (table: string) =>
  (
    await store.sql<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1",
      [table],
    )
  ).map(({ name }) => name);
const size = async () =>
  Number(
    (
      await store.sql<{ bytes: string }>(
        `select sum(pg_total_relation_size(inhrelid)) as bytes from pg_inherits where inhparent = 'metric_point'::regclass`,
      )
    )[0].bytes,
  );
const sweep = async () =>
  Object.fromEntries((await store.collector.sweep()).map((each) => [each.kind, each.count]));
const read = async (id: string) => {
  const items = [];
  for (let cursor: string | undefined; ;) {
    const page = await store.metrics.list(store.teamId, id, { limit: 200, ...(cursor && { cursor }) });
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return items;
  }
};

/**
 * Lets days pass: everything that the database dates lies so much further back. Series get the numbers that they would have had,
 * and the partitions their bounds.
 */
async function pass(days: number): Promise<void> {
  for (const [table, columns] of Object.entries({
    run: ["created_at", "ended_at"],
    attempt: ["started_at", "ended_at", "sampled_at"],
    metric_series: ["sampled_at"],
  }))
    await store.sql(
      `update ${table} set ${columns.map((column) => `${column} = ${column} - make_interval(days => $1)`).join()}`,
      [days],
    );
  const partitions = await store.sql<{ name: string; from: string | null; until: string }>(
    `select name, bound[1] as from, bound[2] as until from (select inhrelid::regclass::text as name,
       regexp_match(pg_get_expr(c.relpartbound, c.oid), $re$FROM \\('?(.*?)'?\\) TO \\('?(.*?)'?\\)$re$) as bound
     from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'metric_point'::regclass) p where bound is not null order by bound[2]::bigint`,
  );
  const back = (text: string | null) =>
    text === null || text === "MINVALUE" ? "MINVALUE" : `'${BigInt(text) - (BigInt(days) << 32n)}'`;
  for (const { name } of partitions) await store.sql(`alter table metric_point detach partition ${name}`);
  for (const table of ["metric_point_default", ...partitions.map(({ name }) => name), "metric_sample"])
    await store.sql(`update ${table} set series = series - ($1::bigint << 32)`, [days]);
  await store.sql("update metric_series set id = id - ($1::bigint << 32)", [days]);
  for (const { name, from, until } of partitions) {
    await store.sql(`alter table ${name} rename to ${name}_${days}`);
    await store.sql(
      `alter table metric_point attach partition ${name}_${days} for values from (${back(from)}) to (${back(until)})`,
    );
  }
}

const fail = (lease: Lease) => store.leases.fail(lease, problemOf("dataset/malformed"));
const rowsOf = async (id: string, table: string) =>
  Number(
    (
      await store.sql<{ count: string }>(
        `select count(*) from ${table} where series in (select id from metric_series where run_id = $1)`,
        [id],
      )
    )[0].count,
  );
/** A run with this many points of "loss" that has failed. */
async function failed(points = count): Promise<string> {
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await append(lease, points);
  await fail(lease);
  return id;
}

it("days of points stay within their bound: they are dropped whole, and the curves are kept", async () => {
  await store.policies.change("orchard", { metrics: 2 });
  const sizes: number[] = [];
  const runs: string[] = [];
  for (let day = 0; day < 6; day++) {
    await sweep();
    runs.push(await failed());
    sizes.push(await size());
    await pass(1);
  }
  // The day that is written, two that are kept, and one until the last of its runs has been kept for so long.
  expect(Math.max(...sizes)).toBeLessThan(sizes[0] * 4);
  expect(Math.max(...sizes)).toBeGreaterThan(sizes[0] * 2);
  const [oldest] = runs;
  const kept = await read(oldest);
  expect(kept.every(({ sampled, step, value }) => sampled === true && value === loss(step))).toBe(true);
  expect(kept.length).toBeLessThanOrEqual(601);
  expect(new Set(kept.map(({ step }) => Math.floor(step / (count / 200)))).size).toBe(200);
  expect(await rowsOf(oldest, "metric_point")).toBe(0);
  expect(await read(runs.at(-1)!)).toHaveLength(count);
});

it("points find a place, and no second one, where the clock is days away from every partition", async () => {
  await pass(30);
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await append(lease, 5);
  expect(await store.sql("select from metric_point_default")).toHaveLength(5);
  // The janitor makes the days to come, but not the one that has rows elsewhere.
  await sweep();
  const made = (await names("metric_point")).filter((name) => /_\d{8}$/.test(name));
  expect(made).toHaveLength(7);
  await append(lease, 10);
  expect(await read(id)).toHaveLength(10);
  expect(await store.sql("select from metric_point_default")).toHaveLength(10);
  await fail(lease);
  await pass(3);
  expect(await sweep()).toMatchObject({ points: 0 });
  await pass(3);
  expect(await sweep()).toMatchObject({ points: 1 });
  expect(await store.sql("select from metric_point_default")).toHaveLength(0);
  expect(await read(id)).toHaveLength(10);
});

it("of a day that one run still needs, the points of all others go together", async () => {
  const { id: long } = await store.submit();
  const { lease } = await store.claimed(long);
  await append(lease, 700);
  const worker = await store.workers.register({ name: "other", host: "here", version: "0", devices: [cpu] });
  const { id: short } = await store.submit();
  const other = await claimOn(store, { runId: short, workerId: worker.id, deviceId: worker.devices[0].id });
  await append(other!.lease, count);
  await fail(other!.lease);
  await pass(3);
  await sweep();
  expect(await rowsOf(short, "metric_point")).toBe(count);
  await pass(3);
  expect(await sweep()).toMatchObject({ points: 1 });
  expect(await rowsOf(short, "metric_point")).toBe(0);
  expect(await read(short)).toHaveLength(await rowsOf(short, "metric_sample"));
  expect(await read(long)).toHaveLength(700);
  // It goes on to measure, in the partition of its first day.
  await append(lease, 800);
  expect(await read(long)).toHaveLength(800);
  await fail(lease);
});

it("the deletion of a run takes its points, samples and lines", async () => {
  const sampled = await failed();
  await pass(3);
  await sweep();
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await append(lease, 6_000);
  await store.logs.append(lease, [{ level: "info", message: "a line" }]);
  await fail(lease);
  const rows = async () =>
    [
      ...(await store.sql(
        "select from metric_point where series in (select id from metric_series where run_id = any($1))",
        [[id, sampled]],
      )),
      ...(await store.sql(
        "select from metric_sample where series in (select id from metric_series where run_id = any($1))",
        [[id, sampled]],
      )),
      ...(await store.sql("select from metric_series where run_id = any($1)", [[id, sampled]])),
      ...(await store.sql("select from log_line where run_id = any($1)", [[id, sampled]])),
    ].length;
  expect(await rows()).toBeGreaterThan(6_000);
  const series = (
    await store.sql<{ id: string }>("select id from metric_series where run_id = any($1)", [[id, sampled]])
  ).map((each) => each.id);
  for (const each of [id, sampled])
    await store.deletions.run(each, { teamId: store.teamId, actor: "a test" });
  expect(await sweep()).toMatchObject({ runs: 2 });
  expect(await rows()).toBe(0);
  for (const table of ["metric_point", "metric_sample"])
    expect(await store.sql(`select from ${table} where series = any($1)`, [series])).toEqual([]);
});

it("weeks of log lines are dropped when no team keeps them; until then the lines of other teams go one by one", async () => {
  await store.policies.change("orchard", { logs: 10 });
  const forest = await store.teams.ensure("forest");
  await store.policies.change("forest", { logs: 40 });
  const ids = [];
  for (const teamId of [store.teamId, forest.id]) {
    const { id } = await store.runs.submit({
      teamId,
      spec: { kind: "prune", model: newId("model"), layers: 2 },
    });
    const { lease } = await store.claimed(id);
    await store.logs.append(lease, [{ level: "info", message: "a line" }]);
    await fail(lease);
    ids.push(id);
  }
  const [mine, theirs] = ids;
  const lines = async (id?: string) =>
    (await store.sql("select from log_line where run_id = $1", [id])).length;
  // The partition of before ends with this week; here it ended weeks ago.
  await store.sql("update log_line_before set at = at - interval '30 days'");
  const [{ until }] = (await store.sql<{ until: string }>(
    "select date_trunc('week', now() - interval '20 days')::text as until",
  )) as [{ until: string }];
  await store.sql("alter table log_line detach partition log_line_before");
  await store.sql(
    `alter table log_line attach partition log_line_before for values from (minvalue) to ('${until}')`,
  );
  expect(await sweep()).toMatchObject({ logs: 1, partitions: 0 });
  expect([await lines(mine), await lines(theirs)]).toEqual([0, 1]);
  await store.policies.change("forest", { logs: 12 });
  const found = (await store.collector.survey()).find(({ kind }) => kind === "partitions");
  expect(found).toMatchObject({ count: 1 });
  expect(await sweep()).toMatchObject({ partitions: 1 });
  expect(await names("log_line")).not.toContain("log_line_before");
  expect(await lines(theirs)).toBe(0);
});
