/**
 * A whole pass of the scheduler through PostgreSQL: runs queued by 20 teams of 5 users, 200 devices of 25 workers, all
 * of them in use. The first pass of a leader, until its decisions are committed and until every run has been told why it
 * waits; passes in which nothing has changed; passes after a run was submitted and another cancelled; and one that writes
 * another place for every run. Wall clock, and processor time of this process and of PostgreSQL, which others do not disturb.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Passes } from "../../apps/api/src/scheduler/passes.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { fillPool } from "./full-pool.ts";
import { serverCpuMs } from "./server-cpu.ts";

export async function dispatchStore(queued: number): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  const count = queued > 10_000 ? 5 : 20;
  try {
    await fillPool(store, queued);
    console.log(`a pass through PostgreSQL over ${queued} queued runs, all devices in use:`);
    const leader = new Leader(store);
    print("  the first of a leader", [await leader.pass()]);
    print("  and why all wait", [await leader.passExplaining()]);
    for (let i = 0; i < 3; i++) await leader.pass();
    print("  nothing has changed", await times(count, () => leader.pass()));
    const change = changes(store);
    const changed = async () => (await change(), leader.pass());
    print("  one is new and one is gone", await times(count, changed));
    const explained = async () => (await change(), leader.passExplaining());
    print("  the same, and why all wait", await times(count, explained));
    const moved = async () => {
      await store.transaction((tx) => tx.query("update run_waiting set position = position + 1"));
      leader.forget();
      await leader.pass();
      return leader.passExplaining();
    };
    print("  every place has moved", await times(3, moved));
  } finally {
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

/** Submits one run and cancels another, each time others. */
function changes(store: Store): () => Promise<void> {
  let n = 0;
  return () =>
    store.transaction(async (tx) => {
      n++;
      await tx.query(
        `insert into run (id, team_id, user_id, kind, state, spec, model_id, predicted_bytes, queued_at)
           select 'run_n' || $1::int, team_id, user_id, kind, state, spec, model_id, predicted_bytes, now() from run where id = 'run_q7'`,
        [n],
      );
      await tx.query(
        "update run set state = 'CANCELLED', ended_at = now() where id = 'run_q' || (100 + $1::int)",
        [n],
      );
    });
}

interface Times {
  /** Until the decisions are committed. */
  decided: number;
  /** Until all reasons are. */
  all: number;
  cpu: number;
  serverCpu: number;
  /** The plan before still held. */
  stood: boolean;
}

class Leader {
  readonly #store: Store;
  readonly #passes: Passes;
  #decidedAt = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#passes = new Passes({
      store,
      onCommitted: async () => void (this.#decidedAt = performance.now()),
    });
  }

  forget(): void {
    this.#passes.forget();
  }

  /** A pass after the time at which it may say why runs wait. */
  async passExplaining(): Promise<Times> {
    await sleep(this.#passes.explainsIn);
    return this.pass();
  }

  async pass(): Promise<Times> {
    const serverCpu = await serverCpuMs(this.#store);
    const cpu = process.cpuUsage();
    const started = performance.now();
    this.#decidedAt = 0;
    const { decided, committed, stood = false } = await this.#passes.pass();
    const ended = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    if (!decided) throw new Error("another plan came first");
    if ((committed?.deliveries.length ?? 0) + (committed?.preempted.length ?? 0) > 0)
      throw new Error("the pool is not full");
    return {
      decided: (this.#decidedAt || ended) - started,
      all: ended - started,
      stood,
      cpu: (user + system) / 1000,
      serverCpu: (await serverCpuMs(this.#store)) - serverCpu,
    };
  }
}

async function times(count: number, once: () => Promise<Times>): Promise<Times[]> {
  const all: Times[] = [];
  for (let i = 0; i < count; i++) all.push(await once());
  return all;
}

function print(title: string, all: readonly Times[]): void {
  const median = (pick: (each: Times) => number): number =>
    all.map(pick).sort((a, b) => a - b)[Math.floor(all.length / 2)];
  const mean = (pick: (each: Times) => number): number =>
    all.reduce((sum, each) => sum + pick(each), 0) / all.length;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  console.log(
    `${title}: decided after ${ms(median((t) => t.decided))}, all told after ${ms(median((t) => t.all))}; processor: ${ms(
      median((t) => t.cpu),
    )} here, ${ms(mean((t) => t.serverCpu))} of PostgreSQL (mean); ${all.filter(({ stood }) => stood).length} of ${all.length} made no plan`,
  );
}
