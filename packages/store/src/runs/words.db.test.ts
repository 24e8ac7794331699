import { runKinds } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { present } from "../database/row.ts";
import { actFor } from "../database/tenant.ts";

let store: TestStore;
let other: string;
beforeAll(async () => {
  store = await openTestStore();
  other = (await store.teams.ensure("others")).id;
  await store.sql("alter table run disable trigger user");
  // So many that nobody would read them one by one; one in 4,000 is called after an apple.
  await store.sql("set session_replication_role = replica");
  for (const [team, first] of [
    [store.teamId, 0],
    [other, 20_000],
  ] as const)
    await store.sql(
      `insert into run (id, team_id, kind, state, spec, ended_at, name, tags)
         select 'run_0' || lpad(n::text, 25, '0'), $1, $2, 'CANCELLED', '{}', now(), 'name-' || n || case when n % 4000 = 7 then '-apple' else '' end,
           case when n % 4000 = 8 then array['pear'] else '{}' end
         from generate_series($3::int + 1, $3::int + 20000) n`,
      [team, runKinds[0], first],
    );
  await store.sql("alter table run enable trigger user");
  await store.sql("vacuum analyze run");
});
afterAll(() => store.discard());

const lookups = async (): Promise<number> => {
  const [row] = await store.sql<{ scans: string }>(
    "select idx_scan as scans from pg_stat_user_indexes where indexrelname = 'run_words'",
  );
  return Number(row.scans);
};

it("runs are found by their words through the index for words, although row-level security is in the way", async () => {
  const list = (query: object, teamId = store.teamId) =>
    actFor({ tenant: { teamId } }, () => store.served.runs.list(teamId, query));
  const queries = [{ q: "apple" }, { q: "APP" }, { tag: ["pear"] }];
  const before = await lookups();
  for (const query of queries) {
    const { items } = await list(query);
    // Those of the other team begin after the 20,000th.
    expect(items.map(({ id }) => Number(id.slice(-6)) <= 20_000)).toEqual(Array(5).fill(true));
  }
  // A connection tells what it has done once it is idle.
  await expect
    .poll(lookups, { timeout: 20_000, interval: 100 })
    .toBeGreaterThanOrEqual(before + queries.length);
  expect((await list({ q: "apple" }, other)).items).toHaveLength(5);
});

it("a word that many runs have is found page by page, the newest first and the oldest first", async () => {
  for (const [sort, first] of [
    ["newest", 20_000],
    ["oldest", 1],
  ] as const) {
    const step = sort === "newest" ? -1 : 1;
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      const found = await actFor({ tenant: { teamId: store.teamId } }, () =>
        store.served.runs.list(store.teamId, { q: "name", sort, limit: 50, ...present({ cursor }) }),
      );
      expect(found.items.map(({ id }) => Number(id.slice(-6)))).toEqual(
        Array.from({ length: 50 }, (_, i) => first + step * (50 * page + i)),
      );
      ({ cursor } = found);
    }
  }
});

it("the function that looks them up tells a team nothing of another one, whoever asks it", async () => {
  const asking = (team: string, role: string, acting: string) =>
    store.served.transaction(async (tx) => {
      await tx.query(`set local role ${role}`);
      await tx.query("select set_config('espalier.team', $1, true)", [acting]);
      return (await tx.query("select from runs_with_words($1, 'apple')", [team])).rowCount;
    });
  expect(await asking(store.teamId, "espalier_api", store.teamId)).toBe(5);
  expect(await asking(other, "espalier_api", store.teamId)).toBe(0);
  expect(await asking(other, "espalier_api", "")).toBe(0);
  expect(await asking(other, "espalier_pool", "")).toBe(5);
  await expect(asking(other, "espalier_worker", other)).rejects.toMatchObject({ code: "42501" });
});
