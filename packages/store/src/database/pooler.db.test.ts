import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noPgBouncer, startPgBouncer } from "../../../../test/servers/pgbouncer.ts";
import { claimOn } from "../../../../test/servers/place.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openStore, type Store } from "../store.ts";
import { migrate } from "./migrate.ts";
import { grantedRoles } from "./roles.ts";
import { actFor } from "./tenant.ts";

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

    it("an API and a scheduler say in each transaction for whom they act, whichever connection it meets", async () => {
      const { teamId, databaseUrl, bytesRoot } = direct;
      const other = (await direct.teams.ensure("others")).id;
      const { id } = await direct.submit();
      const url = new URL(databaseUrl);
      [url.username, url.password] = [grantedRoles.api, "only-for-a-test"];
      await migrate(databaseUrl, undefined, [url.href]);
      const own = await startPgBouncer(url.href);
      const open = (role: "api" | "pool") =>
        openStore({ databaseUrl: own.url, sessionUrl: url.href, bytesRoot, role });
      const [api, scheduler] = [await open("api"), await open("pool")];
      try {
        const seen = (team: string) =>
          actFor({ tenant: { teamId: team } }, () =>
            Promise.all([
              api.runs.list(teamId).then(({ items }) => items.map((run) => run.id)),
              api.transaction(
                async (tx) => (await tx.query<{ id: string }>("select id from run where id = $1", [id])).rows,
              ),
            ]),
          );
        const all = await Promise.all(Array.from({ length: 40 }, (_, i) => seen(i % 2 ? teamId : other)));
        for (const [i, [listed, found]] of all.entries()) {
          expect(listed.includes(id)).toBe(i % 2 === 1);
          expect(found).toEqual(i % 2 ? [{ id }] : []);
        }
        expect((await api.runs.list(teamId)).items).toEqual([]);
        expect((await scheduler.runs.list(teamId)).items.map((run) => run.id)).toContain(id);
        expect((await scheduler.dispatch.snapshot()).number).toBeDefined();
      } finally {
        await Promise.all([api.close(), scheduler.close()]);
        await own.close();
      }
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
