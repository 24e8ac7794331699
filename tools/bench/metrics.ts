/**
 * Points of metrics that the store takes in, by the way that workers use: `metrics.append`, a thousand at a time, from
 * eight runs at once, and what a point takes on disk. Then again by a second attempt of each run that measures all of it anew,
 * and at last how long a reader waits for a page while both segments are there.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { newId, type Lease } from "../../packages/contract/src/index.ts";
import { migrate, openStore, type Store } from "../../packages/store/src/index.ts";
import { claimOn } from "../../test/servers/place.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { cards } from "./cards.ts";

const runs = 8;
const batch = 1_000;
const names = ["loss", "learning_rate", "gradient_norm", "mean_cosine", "tokens_per_second"];
const warmSeconds = 2;
const seconds = 10;

export async function metrics(): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot, poolSize: runs });
  try {
    const { id: teamId } = await store.teams.ensure("bench");
    const { id: workerId, devices } = await store.workers.register({
      name: "worker",
      host: "host",
      version: "0",
      devices: cards(runs, 0),
    });
    const claim = async (runId: string, index: number): Promise<Lease> => {
      const claimed = await claimOn(store, { runId, workerId, deviceId: devices[index].id });
      if (!claimed) throw new Error("a run could not be claimed");
      return claimed.lease;
    };
    const ids: string[] = [];
    for (let i = 0; i < runs; i++) {
      const spec = { kind: "prune" as const, model: newId("model"), layers: 2 };
      ids.push((await store.runs.submit({ teamId, spec })).id);
    }
    const first = await Promise.all(ids.map(claim));
    await ingest("first attempts", store, first);
    await printSize(server.url);
    for (const lease of first) await store.leases.giveBack(lease);
    await ingest("second attempts, the same steps", store, await Promise.all(ids.map(claim)));
    for (const query of [{ name: "loss" }, { discarded: true }, { attempt: 1, name: "loss" }]) {
      const start = performance.now();
      const { items } = await store.metrics.list(teamId, ids[0], { limit: 200, ...query });
      console.log(
        `a page of ${items.length} with ${JSON.stringify(query)}: ${(performance.now() - start).toFixed(1)} ms`,
      );
    }
  } finally {
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}

/** What a point takes on disk, with all indexes, right after it was written. */
async function printSize(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ points: number; bytes: number }>(
      `select (select count(*) from metric_point)::float8 as points, (select sum(pg_total_relation_size(oid)) from pg_class
         where relname ~ '^metric_(point|series)' and relkind = 'r')::float8 as bytes`,
    );
    const [{ points, bytes }] = rows;
    console.log(`${points} points in ${bytes} bytes: ${(bytes / points).toFixed(1)} each`);
  } finally {
    await client.end();
  }
}

/** Every run appends one batch after the other, from its first step on. */
async function ingest(title: string, store: Store, leases: readonly Lease[]): Promise<void> {
  const took: number[] = [];
  let stopping = false;
  const writing = leases.map(async (lease) => {
    for (let step = 1; !stopping; step += batch / names.length) {
      const points = Array.from({ length: batch }, (_, i) => ({
        name: names[i % names.length],
        step: step + Math.floor(i / names.length),
        value: Math.random(),
      }));
      const start = performance.now();
      await store.metrics.append(lease, points);
      took.push(performance.now() - start);
    }
  });
  await new Promise((resolve) => setTimeout(resolve, warmSeconds * 1000));
  took.length = 0;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const [batches, elapsed] = [took.length, (performance.now() - start) / 1000];
  stopping = true;
  await Promise.all(writing);
  const sorted = took.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(0);
  console.log(
    `${title}: ${((batches * batch) / elapsed).toFixed(0)} points/s over ${elapsed.toFixed(0)} s; a batch of ${batch}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
  );
}
