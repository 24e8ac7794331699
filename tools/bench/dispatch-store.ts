/**
 * A whole pass of the scheduler through PostgreSQL: 10,000 runs queued by 20 teams of 5 users, 200 devices of 25 workers, all
 * of them in use. Three passes that differ in what they write: the first, which tells every run why it waits; one that has
 * nothing new to tell; and one after half a minute, when every place has moved. Each step's wall clock, and the processor time
 * of this process.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plan } from "@espalier/scheduler";
import { WaitingReports } from "../../apps/api/src/scheduler/waiting-reports.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { fillPool } from "./full-pool.ts";

export async function dispatchStore(): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  try {
    await fillPool(store);
    console.log("a pass through PostgreSQL, all devices in use:");
    const reports = { fresh: new WaitingReports(), steady: new WaitingReports() };
    for (let i = 0; i < 3; i++) await pass(store, reports.steady, 0);
    print("  tells every run anew", await passes(5, () => pass(store, new WaitingReports(), 0)));
    print("  nothing new to tell", await passes(20, () => pass(store, reports.steady, 0)));
    // Each time as if another half minute had gone by, and the head of the queue had started.
    let shift = 0;
    print("  every place has moved", await passes(5, () => pass(store, reports.steady, ++shift)));
  } finally {
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

interface Times {
  snapshot: number;
  plan: number;
  commit: number;
  cpu: number;
  told: number;
}

async function pass(store: Store, reports: WaitingReports, shift: number): Promise<Times> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const snapshot = await store.dispatch.snapshot();
  const { queued, running, now, number } = snapshot;
  const read = performance.now();
  const { starts, preemptions, reservations, waiting } = plan(snapshot);
  if (starts.length + preemptions.length > 0) throw new Error("the pool is not full");
  const teamOf = new Map([...queued, ...running].map(({ id, teamId }) => [id, teamId]));
  const moved = waiting.map((each) => ({ ...each, position: each.position && each.position + shift }));
  const told = reports.changed(moved, teamOf, now + shift * 30_000);
  const planned = performance.now();
  const committed = await store.dispatch.commit({
    number,
    starts: [],
    preemptions: [],
    reservations,
    waiting: told,
  });
  if (!committed) throw new Error("another plan came first");
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return {
    snapshot: read - started,
    plan: planned - read,
    commit: ended - planned,
    cpu: (user + system) / 1000,
    told: told.length,
  };
}

async function passes(count: number, once: () => Promise<Times>): Promise<Times[]> {
  const times: Times[] = [];
  for (let i = 0; i < count; i++) times.push(await once());
  return times;
}

function print(title: string, times: readonly Times[]): void {
  const median = (pick: (each: Times) => number): number =>
    times.map(pick).sort((a, b) => a - b)[Math.floor(times.length / 2)];
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  console.log(
    `${title}: snapshot ${ms(median((t) => t.snapshot))}, plan ${ms(median((t) => t.plan))}, commit ${ms(
      median((t) => t.commit),
    )} of ${median((t) => t.told)} reasons; ${ms(median((t) => t.cpu))} of processor here`,
  );
}
