import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaseTimingOf, newApiKey } from "@espalier/contract";
import { migrate, openStore, type Store } from "@espalier/store";
import { describe, expect, it } from "vitest";
import { Link } from "../../../../test/chaos/link.ts";
import { startPostgres } from "../../../../test/servers/postgres.ts";
import { openTestStore } from "../../../../test/servers/store.ts";

const away = { code: "service/unavailable" };
const spec = { kind: "prune" as const, model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 };

describe("a transaction", () => {
  it("whose connection is killed leaves nothing half-done, and the next call works", async () => {
    const store = await openTestStore();
    try {
      const killed = store.transaction(async (tx) => {
        await store.runs.submit({ teamId: store.teamId, spec }, tx);
        const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
        await store.sql("select pg_terminate_backend($1)", [rows[0].pid]);
        // The break arrives while no query is under way.
        await sleep(50);
        await store.runs.submit({ teamId: store.teamId, spec }, tx);
      });
      await expect(killed).rejects.toMatchObject(away);
      expect((await store.runs.list(store.teamId)).items).toEqual([]);
    } finally {
      await store.discard();
    }
  });

  it("runs again after a deadlock", async () => {
    const store = await openTestStore();
    try {
      const [a, b] = [await store.submit(), await store.submit()];
      let [tries, held] = [0, 0];
      const lockBoth = (first: string, second: string) =>
        store.transaction(async (tx) => {
          tries += 1;
          await tx.query("update run set priority = priority + 1 where id = $1", [first]);
          held += 1;
          // Each holds one before either asks for the other.
          while (held < 2) await sleep(10);
          await tx.query("update run set priority = priority + 1 where id = $1", [second]);
        });
      await Promise.all([lockBoth(a.id, b.id), lockBoth(b.id, a.id)]);
      // The one that gave way may overtake the other at its next try.
      expect(tries).toBeGreaterThanOrEqual(3);
      expect((await store.runs.get(store.teamId, a.id)).priority).toBe(2);
    } finally {
      await store.discard();
    }
  });

  it("whose answer is lost ends when the server has nothing to do for it, and one that takes its time goes on", async () => {
    const store = await openTestStore();
    const link = await Link.to(store.databaseUrl);
    const { databaseUrl, bytesRoot } = store;
    const other = await openStore({ databaseUrl: link.via(databaseUrl), bytesRoot, poolSize: 3 });
    try {
      // Its connection is open before the others are disturbed.
      await other.ping();
      const sleeping = (which: Store) =>
        which.transaction(async (tx) => (await tx.query("select pg_sleep(9)")).rowCount);
      // The server does not tell a role what a session of another one does.
      const roles = ["api", "pool", "worker"] as const;
      const acting = await Promise.all(roles.map((role) => openStore({ databaseUrl, bytesRoot, role })));
      const slow = Promise.all([other, ...acting].map(sleeping));
      const swallowed = link.swallowAnswer(/'forgotten'/, { how: "silence" });
      const lost = other.transaction((tx) => tx.query("select 'forgotten'"));
      lost.catch(() => undefined);
      await swallowed;
      // A statement has half a minute.
      const waited = await Promise.race([
        lost.catch((error: unknown) => error),
        sleep(20_000, "still waiting"),
      ]);
      expect(waited).toMatchObject(away);
      expect(await slow).toEqual([1, 1, 1, 1]);
      await Promise.all(acting.map((each) => each.close()));
      await other.ping();
    } finally {
      await other.close();
      await link.close();
      await store.discard();
    }
  }, 60_000);

  it("whose client falls silent gives up its locks", async () => {
    const store = await openTestStore();
    const link = await Link.to(store.databaseUrl);
    const { databaseUrl, bytesRoot } = store;
    const far = await openStore({ databaseUrl: link.via(databaseUrl), bytesRoot, lease: leaseTimingOf(2) });
    try {
      const { id } = await store.submit();
      const after = { locking: () => undefined as void, cancelling: () => undefined as void };
      const locked = new Promise<void>((resolve) => (after.locking = resolve));
      const cancelled = new Promise<void>((resolve) => (after.cancelling = resolve));
      const silent = far.transaction(async (tx) => {
        await tx.query("select from run where id = $1 for update", [id]);
        link.silence();
        after.locking();
        await cancelled;
        link.drop();
        await tx.query("update run set priority = 7 where id = $1", [id]);
      });
      await locked;
      expect(await store.runs.cancel(store.teamId, id)).toMatchObject({ state: "CANCELLED" });
      after.cancelling();
      await expect(silent).rejects.toMatchObject(away);
      expect((await store.runs.get(store.teamId, id)).priority).toBe(0);
    } finally {
      await link.close();
      await far.close();
      await store.discard();
    }
  });

  it("survives the end of every idle connection", async () => {
    const store = await openTestStore();
    try {
      await Promise.all(Array.from({ length: 8 }, () => store.ping()));
      await store.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      await sleep(100);
      await store.ping();
      expect(await store.teams.verify(newApiKey())).toMatchObject({ refusal: "unknown" });
    } finally {
      await store.discard();
    }
  });
});

it("says service/unavailable while the database is down, and goes on when it is back", async () => {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-store-"));
  try {
    await migrate(server.url);
    const store = await openStore({ databaseUrl: server.url, bytesRoot });
    const { id: teamId } = await store.teams.ensure("t");
    const run = await store.runs.submit({ teamId, spec });
    const unsubscribe = store.events.subscribe(() => undefined);
    await server.stop();
    await expect(store.ping()).rejects.toMatchObject(away);
    await expect(store.runs.submit({ teamId, spec })).rejects.toMatchObject(away);
    await expect(store.models.list(teamId)).rejects.toMatchObject(away);
    await expect(store.leader.acquire("x")).rejects.toMatchObject(away);
    await server.start();
    expect((await store.runs.list(teamId)).items).toEqual([run]);
    expect((await store.models.list(teamId)).items).toEqual([]);
    unsubscribe();
    await store.close();
  } finally {
    await server.remove();
    await rm(bytesRoot, { recursive: true, force: true });
  }
});
