import type { Lease } from "@espalier/contract";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";

/** A gate before every write of metrics and logs, as a disk that does not answer. */
const gateKey = 4711;
let store: TestStore;
let gate: pg.Client;
beforeAll(async () => {
  store = await openTestStore();
  await store.sql(`create function wait_at_gate() returns trigger language plpgsql as $$
    begin perform pg_advisory_lock_shared(${gateKey}); perform pg_advisory_unlock_shared(${gateKey}); return null; end $$`);
  for (const table of ["metric_point", "log_line"])
    await store.sql(
      `create trigger slow before insert on ${table} for each statement execute function wait_at_gate()`,
    );
  gate = new pg.Client({ connectionString: store.databaseUrl });
  await gate.connect();
});
afterAll(async () => {
  await gate.end();
  await store.discard();
});

const point = { name: "loss", step: 1, value: 1 };
const open = () => gate.query("select pg_advisory_unlock($1)", [gateKey]);
/** Closes the gate, and resolves when so many writes stand before it. */
async function held<T>(count: number, writes: () => readonly Promise<T>[]): Promise<Promise<T>[]> {
  await gate.query("select pg_advisory_lock($1)", [gateKey]);
  const writing = [...writes()];
  for (;;) {
    const rows = await store.sql(
      "select from pg_locks where locktype = 'advisory' and objid = $1 and not granted",
      [gateKey],
    );
    if (rows.length === count) return writing;
  }
}
const end = ({ runId }: Lease) => store.runs.cancel(store.teamId, runId);
const expire = ({ runId }: Lease) =>
  store.sql("update run set lease_until = now() - interval '1 s' where id = $1", [runId]);

describe("while metrics and logs are being written slowly", () => {
  it("the lease is renewed, progress and checkpoints are stored, and a cancel reaches the worker", async () => {
    const { lease } = await store.claimed((await store.submit()).id);
    const writing = await held(2, () => [
      store.metrics.append(lease, [point]),
      store.logs.append(lease, [{ level: "info", message: "slow" }]),
    ]);
    const progress = { phase: "train", done: 1, total: 2, unit: "steps" };
    const stored = { location: "there", bytes: 1, sha256: "0".repeat(64) };
    await store.leases.saveCheckpoint(lease, { step: 1, stored });
    await end(lease);
    const answer = await store.heartbeats.beat(lease.workerId, {
      runs: [{ ...lease, progress }],
      measurements: [],
    });
    expect(answer?.runs).toMatchObject([{ held: true, cancel: true }]);
    await store.leases.cancelled(lease);
    expect(await store.runs.get(store.teamId, lease.runId)).toMatchObject({ state: "CANCELLED", progress });
    await open();
    await Promise.all(writing);
  });

  it("half of the connections are left to everything else, however many writes there are", async () => {
    const { lease } = await store.claimed((await store.submit()).id);
    const writing = await held(4, () =>
      Array.from({ length: 40 }, (_, step) => store.metrics.append(lease, [{ ...point, step }])),
    );
    expect(await store.beat(lease)).toEqual({ cancel: false, preempt: false });
    await Promise.all(Array.from({ length: 8 }, () => store.runs.get(store.teamId, lease.runId)));
    await open();
    await Promise.all(writing);
    expect((await store.metrics.list(store.teamId, lease.runId)).items).toHaveLength(40);
    await end(lease);
    await store.leases.cancelled(lease);
  });

  it("an attempt ends after what it was writing, and writes nothing more", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const [written] = await held(1, () => [store.metrics.append(lease, [point])]);
    let ended = false;
    const ending = store.leases.giveBack(lease).then(() => (ended = true));
    await expire(lease);
    expect(await store.leases.sweepExpired(0)).toEqual([]);
    expect(ended).toBe(false);
    await open();
    await written;
    await ending;
    await expect(store.metrics.append(lease, [{ ...point, step: 2 }])).rejects.toMatchObject({
      code: "lease/lost",
    });
    expect((await store.metrics.list(store.teamId, id)).items).toMatchObject([{ step: 1, attempt: 1 }]);
  });

  it("an expired lease is swept when the write has ended, with the names of its worker and host", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const [written] = await held(1, () => [store.metrics.append(lease, [point])]);
    await expire(lease);
    expect(await store.leases.sweepExpired(0)).toEqual([]);
    await open();
    await written;
    expect(await store.leases.sweepExpired(0)).toMatchObject([{ runId: id, state: "QUEUED" }]);
    const [attempt] = await store.runs.attempts(store.teamId, id);
    expect(attempt.problem?.detail).toBe("Worker w on host here has not renewed its lease for 45 s.");
  });
});
