import { leaseTimingOf } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Link } from "../../../../test/chaos/link.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Leadership } from "./leader.ts";
import { openStore } from "../store.ts";

let store: TestStore;
let link: Link;
beforeAll(async () => {
  store = await openTestStore();
  link = await Link.to(store.databaseUrl);
});
afterAll(async () => {
  await link?.close();
  await store?.discard();
});

it("moves to another process when the connection of the leader is cut, and the leader notices", async () => {
  const cutOff = await openStore({
    databaseUrl: link.via(store.databaseUrl),
    bytesRoot: store.bytesRoot,
    lease: leaseTimingOf(5),
  });
  const leadership = (await cutOff.leader.acquire("dispatcher"))!;
  const lost = new Promise((resolve) => leadership.signal.addEventListener("abort", resolve));
  expect(await store.leader.acquire("dispatcher")).toBeUndefined();
  link.silence();
  await lost;
  let next: Leadership | undefined;
  await expect
    .poll(async () => (next = await store.leader.acquire("dispatcher")), { timeout: 60_000, interval: 200 })
    .toBeDefined();
  await next!.release();
  await leadership.release();
  await cutOff.close();
});
