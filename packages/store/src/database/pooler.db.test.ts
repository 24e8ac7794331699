import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noPgBouncer, startPgBouncer } from "../../../../test/servers/pgbouncer.ts";
import { claimOn } from "../../../../test/servers/place.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store } from "../store.ts";

describe.skipIf(noPgBouncer)(
  `behind PgBouncer in transaction mode${noPgBouncer ? ` (skipped: ${noPgBouncer})` : ""}`,
  () => {
    let direct: TestStore;
    let pooler: Awaited<ReturnType<typeof startPgBouncer>>;
    let store: Store;
    beforeAll(async () => {
      direct = await openTestStore();
      pooler = await startPgBouncer(direct.databaseUrl);
      const { databaseUrl: sessionUrl, bytesRoot } = direct;
      store = await openStore({ databaseUrl: pooler.url, sessionUrl, bytesRoot, application: "pooled" });
    });
    afterAll(async () => {
      await store?.close();
      await pooler?.close();
      await direct?.discard();
    });

    it("runs are submitted, claimed, renewed and ended on changing connections, and their events are read", async () => {
      const { teamId, workerId, deviceId } = direct;
      const hints: string[] = [];
      const unsubscribe = store.events.subscribe(({ runId }) => hints.push(runId));
      await expect.poll(() => hints, { timeout: 20_000 }).toContain("");
      const spec = { kind: "prune" as const, model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 };
      const runs = await Promise.all(
        Array.from({ length: 12 }, () => store.transaction((tx) => store.runs.submit({ teamId, spec }, tx))),
      );
      const { id: runId } = runs[0];
      const lease = (await claimOn(store, { runId, workerId, deviceId }))!.lease;
      // Each beat may meet another connection of the server; a named statement would be missing there, or there already.
      for (let beat = 0; beat < 6; beat++) {
        const [answer] = await Promise.all([
          store.heartbeats.beat(workerId, { runs: [{ runId, attempt: lease.attempt }], measurements: [] }),
          ...runs.map(({ id }) => store.runs.get(teamId, id)),
          store.transaction((tx) => tx.query("select pg_sleep(0.01)")),
        ]);
        expect(answer?.runs[0]).toMatchObject({ runId, held: true });
      }
      await store.runs.cancel(teamId, runId);
      await store.leases.cancelled(lease);
      await direct.settled();
      const { events } = await store.events.read(teamId, { runId });
      expect(events.map((event) => event.type === "run.state" && event.state)).toEqual([
        "QUEUED",
        "DISPATCHED",
        "RUNNING",
        "CANCELLED",
      ]);
      await expect.poll(() => hints, { timeout: 20_000 }).toContain(runId);
      unsubscribe();
    });

    it("leadership has a session of its own, and a silent transaction is ended as without a pooler", async () => {
      const leadership = await store.leader.acquire("dispatcher");
      expect(leadership).toBeDefined();
      expect(await direct.leader.acquire("dispatcher")).toBeUndefined();
      await leadership!.release();
      const settings = await store.transaction(async (tx) => {
        const { rows } = await tx.query<{ idle_in_transaction_session_timeout: string }>(
          "show idle_in_transaction_session_timeout",
        );
        return rows[0].idle_in_transaction_session_timeout;
      });
      expect(settings).toBe("30s");
      const names = await direct.sql<{ name: string }>(
        "select distinct application_name as name from pg_stat_activity where application_name like 'pooled%'",
      );
      expect(names.map(({ name }) => name)).toContain("pooled-listen");
    });
  },
);
