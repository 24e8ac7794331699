/**
 * A whole pass of the scheduler through PostgreSQL: runs queued by 20 teams of 5 users, 200 devices of 25 workers, all
 * of them in use. Three passes that differ in what they write: the first, which tells every run why it waits; one that has
 * nothing new to tell; and one after half a minute, when every place has moved. Each step's wall clock, and the processor time
 * of this process.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plan } from "@espalier/scheduler";
import { portion } from "../../apps/api/src/scheduler/scheduler.ts";
import { WaitingReports } from "../../apps/api/src/scheduler/waiting-reports.ts";
import { KeptQueue, migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { fillPool } from "./full-pool.ts";

export async function dispatchStore(queued: number): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  try {
    await fillPool(store, queued);
    console.log(`a pass through PostgreSQL over ${queued} queued runs, all devices in use:`);
    const memory = (): Memory => ({ reports: new WaitingReports(), queue: new KeptQueue() });
    const steady = memory();
    print("  the first of a leader", await passes(1, () => pass(store, steady, 0)));
    for (let i = 0; i < 3; i++) await pass(store, steady, 0);
    print("  nothing new to tell", await passes(queued > 10_000 ? 5 : 20, () => pass(store, steady, 0)));
    // Each time as if another half minute had gone by, and the head of the queue had started.
    let shift = 0;
    print("  every place has moved", await passes(5, () => pass(store, steady, ++shift)));
  } finally {
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

/** What the scheduler keeps from pass to pass. */
interface Memory {
  reports: WaitingReports;
  queue: KeptQueue;
}

interface Times {
  snapshot: number;
  plan: number;
  /** Of the decisions, with the first portion of reasons. */
  commit: number;
  /** Of the other portions, between which the scheduler goes on when something happens. */
  tell: number;
  cpu: number;
  told: number;
}

async function pass(store: Store, { reports, queue }: Memory, shift: number): Promise<Times> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const snapshot = await store.dispatch.snapshot(queue);
  const { queued, running, now, number } = snapshot;
  const read = performance.now();
  const { starts, preemptions, reservations, waiting } = plan(snapshot);
  if (starts.length + preemptions.length > 0) throw new Error("the pool is not full");
  const teamOf = new Map([...queued, ...running].map(({ id, teamId }) => [id, teamId]));
  const moved = waiting.map((each) => ({ ...each, position: each.position && each.position + shift }));
  const told = reports.changed(moved, teamOf, now + shift * 30_000);
  const planned = performance.now();
  let committed = planned;
  for (let from = 0; from === 0 || from < told.length; from += portion) {
    const next = String(BigInt(number) + BigInt(from / portion));
    const waiting = told.slice(from, from + portion);
    const decisions = { number: next, starts: [], preemptions: [], reservations, waiting };
    if (!(await store.dispatch.commit(decisions))) throw new Error("another plan came first");
    if (from === 0) committed = performance.now();
  }
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return {
    snapshot: read - started,
    plan: planned - read,
    commit: committed - planned,
    tell: ended - committed,
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
    )}, in all ${ms(median((t) => t.snapshot + t.plan + t.commit))}; then ${median((t) => t.told)} reasons in ${ms(median((t) => t.tell))}; ${ms(median((t) => t.cpu))} of processor here`,
  );
}
