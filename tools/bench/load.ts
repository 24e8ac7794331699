/**
 * Whether renewal waits for data: 50 workers renew the lease of a run each, every 5 s as workers do, while eight of the runs
 * store 20,000 points per second; calm, with appends that take 0.5 and 2 s longer, and beside a disk that is kept busy by
 * checkpoints and synchronous writes. Prints how long renewals take, how long until a cancel is seen, and which leases were lost.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { newId, type Lease } from "../../packages/contract/src/index.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { claimOn } from "../../test/servers/place.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { cards } from "./cards.ts";

const workers = 50;
const writers = 8;
const pointsPerSecond = 20_000;
const batch = 1_000;
const beatMs = 5_000;
const phaseMs = 20_000;

interface Phase {
  name: string;
  begin?: (client: pg.Client, folder: string) => Promise<() => Promise<void>>;
}

const delayed = (seconds: number): Phase => ({
  name: `every append ${seconds} s later`,
  async begin(client) {
    await client.query(`create function delay() returns trigger language plpgsql as
      'begin perform pg_sleep(${seconds}); return null; end'`);
    await client.query(
      "create trigger delay before insert on metric_point for each statement execute function delay()",
    );
    return async () => void (await client.query("drop function delay cascade"));
  },
});

const busyDisk: Phase = {
  name: "a busy disk",
  async begin(client, folder) {
    const writing: ChildProcess[] = Array.from({ length: 2 }, (_, i) =>
      spawn(
        "sh",
        ["-c", `while :; do dd if=/dev/zero of=${join(folder, `busy${i}`)} bs=8M count=16 oflag=dsync; done`],
        {
          stdio: "ignore",
          detached: true,
        },
      ),
    );
    let going = true;
    const storm = (async () => {
      while (going) await client.query("checkpoint");
    })();
    return async () => {
      going = false;
      for (const { pid } of writing) process.kill(-pid!, "SIGKILL");
      await storm;
    };
  },
};

const phases: Phase[] = [{ name: "calm" }, delayed(0.5), delayed(2), busyDisk];

export async function load(): Promise<void> {
  const server = await startPostgres();
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  // As many processes as there are workers would be another bench; each process's connections are what counts here.
  const stores = await Promise.all(
    Array.from({ length: 5 }, () => openStore({ databaseUrl: server.url, bytesRoot: folder, poolSize: 4 })),
  );
  const [store] = stores;
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    const { id: teamId } = await store.teams.ensure("bench");
    const leases: Lease[] = [];
    for (let i = 0; i < workers; i++) {
      const { id: workerId, devices } = await store.workers.register({
        name: `worker-${i}`,
        host: "host",
        version: "0",
        devices: cards(1, i),
      });
      const spec = { kind: "prune" as const, model: newId("model"), layers: 2 };
      const { id: runId } = await store.runs.submit({ teamId, spec });
      const claimed = await claimOn(store, { runId, workerId, deviceId: devices[0].id });
      if (!claimed) throw new Error("a run could not be claimed");
      leases.push(claimed.lease);
    }
    for (const phase of phases) {
      const end = await phase.begin?.(client, folder);
      await measure(phase.name, stores, leases, teamId);
      await end?.();
    }
  } finally {
    await client.end();
    for (const each of stores) await each.close();
    await server.remove();
    await rm(folder, { recursive: true });
  }
}

async function measure(name: string, stores: Store[], leases: Lease[], teamId: string): Promise<void> {
  const until = performance.now() + phaseMs;
  const renewals: number[] = [];
  let lost = 0;
  let points = 0;
  let cancelSeenMs: number | undefined;
  let cancelledAt = Infinity;
  // The last run is cancelled in the middle; its worker hears it with its next renewal.
  const victim = leases.pop()!;
  const renewing = [...leases, victim].map(async (lease, i) => {
    const store = stores[i % stores.length];
    await sleep((i * beatMs) / workers);
    while (performance.now() < until) {
      const start = performance.now();
      const answer = await store.heartbeats.beat(lease.workerId, {
        runs: [{ runId: lease.runId, attempt: lease.attempt }],
        measurements: [],
      });
      renewals.push(performance.now() - start);
      const [run] = answer?.runs ?? [];
      if (!run?.held) lost += 1;
      if (lease === victim && run?.cancel) cancelSeenMs ??= performance.now() - cancelledAt;
      await sleep(beatMs);
    }
  });
  const writing = leases.slice(0, writers).map(async (lease, i) => {
    const store = stores[i % stores.length];
    // As a worker does: what piled up while an append took its time goes with the next one, up to ten times as much.
    const begin = performance.now();
    for (let step = 0; performance.now() < until;) {
      const owed = ((performance.now() - begin) / 1000) * (pointsPerSecond / writers) - step;
      if (owed < batch) {
        await sleep(50);
        continue;
      }
      const count = Math.min(Math.floor(owed), 10 * batch);
      await store.metrics.append(
        lease,
        Array.from({ length: count }, (_, j) => ({ name: "loss", step: step + j, value: j })),
      );
      step += count;
      points += count;
    }
  });
  await sleep(phaseMs / 2);
  cancelledAt = performance.now();
  await stores[0].runs.cancel(teamId, victim.runId);
  await Promise.all([...renewing, ...writing]);
  renewals.sort((a, b) => a - b);
  const at = (share: number) => renewals[Math.floor((renewals.length - 1) * share)].toFixed(0);
  console.log(
    `${name}: ${((points / phaseMs) * 1000).toFixed(0)} points/s; ${renewals.length} renewals: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ` +
      `a cancel was seen after ${((cancelSeenMs ?? NaN) / 1000).toFixed(1)} s; ${lost} leases lost`,
  );
  if (lost > 0) process.exitCode = 1;
}
