/**
 * What the heartbeats of a pool cost PostgreSQL: 500 workers that beat every 5 s, each with four devices; idle, with a run
 * each, and with a run each that reports new progress with every beat. Prints the processor time of all server processes
 * in ms a second (10 = 1 % of a core), and how long a beat took. An empty statement at the same pace tells what the machine
 * takes for the round trips alone; where others compute too, that is a multiple of what it is on a quiet one.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, newId, type Measurement } from "../../packages/contract/src/index.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { claimOn } from "../../test/servers/place.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { cards } from "./cards.ts";
import { serverCpuMs } from "./server-cpu.ts";

const pool = { workers: 500, devices: 4, connections: 50, endedRuns: 20_000 };
const warmSeconds = 15;
const seconds = 30;

interface Member {
  id: string;
  deviceId: string;
  store: Store;
  runs: { runId: string; attempt: number }[];
}

export async function heartbeat(): Promise<void> {
  if (process.platform !== "linux")
    throw new Error("processor time of the server is read from /proc: run this on Linux");
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const open = () => openStore({ databaseUrl: server.url, bytesRoot, poolSize: 1 });
  // Each has one connection for renewals, as a worker has.
  const stores = await Promise.all(Array.from({ length: pool.connections }, open));
  const [store] = stores as [Store];
  try {
    const { id: teamId } = await store.teams.ensure("bench");
    const members: Member[] = [];
    for (let i = 0; i < pool.workers; i++) {
      const { id, devices } = await store.workers.register({
        name: `worker-${i}`,
        host: `host-${i}`,
        version: "0",
        devices: cards(pool.devices, i),
      });
      members.push({ id, deviceId: devices[0].id, runs: [], store: stores[i % stores.length] });
    }
    await addHistory(store, teamId);
    await measure(
      "an empty statement each",
      store,
      members,
      async (member) => (await member.store.ping(), true),
    );
    await measure("idle", store, members, (member) => beat(member));
    for (const member of members) {
      const { id: runId } = await store.runs.submit({
        teamId,
        spec: {
          kind: "train",
          model: newId("model"),
          datasetId: newId("dataset"),
          settings: { steps: 1000 },
        },
      });
      const claim = await claimOn(store, { runId, workerId: member.id, deviceId: member.deviceId });
      if (!claim) throw new Error("a run could not be claimed");
      member.runs.push({ runId, attempt: claim.lease.attempt });
    }
    await measure("a run each", store, members, (member) => beat(member));
    await measure("a run each, with progress", store, members, (member, n) => beat(member, n));
  } finally {
    await Promise.all(stores.map((each) => each.close()));
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

/** A pool that has worked for a while: the table of runs is mostly what has ended. */
async function addHistory(store: Store, teamId: string): Promise<void> {
  await store.transaction(async (tx) => {
    // In portions, because a statement may take 30 s.
    for (let from = 0; from < pool.endedRuns; from += 1_000)
      await tx.query(
        `insert into run (id, team_id, kind, state, spec, result, ended_at)
         select 'ended-' || n, $1, 'train', 'SUCCEEDED', '{"kind": "train"}', '{}', now() from generate_series($2::int, $3::int) n`,
        [teamId, from + 1, from + 1_000],
      );
    await tx.query("analyze");
  });
}

/** One heartbeat, with new progress where a step is given; whether every lease was renewed. */
async function beat({ store, id, runs }: Member, step?: number): Promise<boolean> {
  const progress =
    step === undefined ? {} : { progress: { phase: "train", done: step, total: 1000, unit: "steps" } };
  const answer = await store.heartbeats.beat(id, {
    runs: runs.map((run) => ({ ...run, ...progress })),
    measurements: Array.from({ length: pool.devices }, () => measurement()),
  });
  return answer?.runs.every(({ held }) => held) ?? false;
}

/** Lets every member say something every five seconds, the n-th time with `n`. */
async function measure(
  title: string,
  store: Store,
  members: readonly Member[],
  say: (member: Member, n: number) => Promise<boolean>,
): Promise<void> {
  let stopping = false;
  const took: number[] = [];
  let failed = 0;
  const beating = members.map(async (member, index) => {
    await sleep((index / members.length) * leaseTiming.heartbeat * 1000);
    for (let n = 1; !stopping; n++) {
      const start = performance.now();
      if (!(await say(member, n))) failed++;
      const ms = performance.now() - start;
      took.push(ms);
      await sleep(leaseTiming.heartbeat * 1000 - ms);
    }
  });
  await sleep(warmSeconds * 1000);
  took.length = 0;
  const [before, start] = [await serverCpuMs(store), performance.now()];
  await sleep(seconds * 1000);
  const used = (await serverCpuMs(store)) - before;
  const elapsed = (performance.now() - start) / 1000;
  stopping = true;
  await Promise.all(beating);
  const sorted = took.sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  console.log(
    `${title}: ${(used / elapsed).toFixed(1)} ms of server CPU a second (${((100 * used) / elapsed / 1000).toFixed(1)} % of a core), ` +
      `${(sorted.length / elapsed).toFixed(0)} statements/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms${failed ? `, ${failed} not renewed` : ""}`,
  );
}

const measurement = (): Measurement => ({
  freeBytes: Math.floor(Math.random() * 85e9),
  utilization: Math.floor(Math.random() * 100),
  temperature: 30 + Math.floor(Math.random() * 50),
});
