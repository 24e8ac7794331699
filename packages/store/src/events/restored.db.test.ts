import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store } from "../store.ts";

let store: TestStore;
let restored: Store | undefined;
beforeAll(async () => void (store = await openTestStore()));
afterAll(async () => {
  await restored?.close();
  await store.discard();
});

const read = (from: Store, after: string) => from.events.read(store.teamId, { after });

/** What a dump leaves in a cluster that has done fewer transactions: events with higher numbers, and another identity. */
async function moveToYoungerCluster(): Promise<void> {
  await store.sql("update event set xid = xid + 1000000000");
  await store.sql("update cluster set identity = 'another/1'");
}

it("all events are seen in the cluster that a dump was restored into, and those that follow come after every cursor", async () => {
  await store.submit();
  await store.settled();
  const last = (await read(store, "0-0")).events.at(-1)!;
  await moveToYoungerCluster();
  const [xid, seq] = last.id.split("-");
  const old = `${Number(xid) + 1_000_000_000}-${seq}`;
  // The cursor of a reader that had seen more than what is in the dump.
  const later = `${Number(xid) + 1_000_050_000}-7`;

  const { databaseUrl, bytesRoot } = store;
  restored = await openStore({ databaseUrl, bytesRoot });
  await restored.ping();
  await store.settled();
  const seen = await read(restored, "0-0");
  expect(seen.cursor).toBe(old);

  const { id } = await store.submit();
  await store.settled();
  for (const cursor of [old, later])
    expect((await read(restored, cursor)).events.map(({ runId }) => runId)).toEqual([id]);
  expect((await read(restored, await restored.events.position())).events).toEqual([]);
});

it("a reader whose cursor the database has no past for, because an older copy was brought back, reads from the beginning", async () => {
  const all = await read(store, "0-0");
  expect(all.events.length).toBeGreaterThan(1);
  expect(await read(store, "8000000000000000000-1")).toEqual(all);
});

it("connections that find another cluster at the same moment move the numbers once", async () => {
  await store.sql("update cluster set identity = 'another/2'");
  await Promise.all(Array.from({ length: 4 }, () => store.sql("select adopt_cluster()")));
  const [first] = await store.sql("select * from cluster");
  await store.sql("select adopt_cluster()");
  expect(await store.sql("select * from cluster")).toEqual([first]);
});
