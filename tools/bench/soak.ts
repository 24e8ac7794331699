/**
 * Simulated hours of runs that write points, with the janitor between them. The clock of the database is moved on by an hour each
 * time, because everything there asks `now()`, of which this database has its own. Points come at a thousandth of 5,000 a
 * second unless told otherwise; hour by hour it prints what they take on disk, and the bound that docs/operations.md states.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { newId, Problem } from "../../packages/contract/src/index.ts";
import { migrate, openStore } from "../../packages/store/src/index.ts";
import { claimOn } from "../../test/servers/place.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { cards } from "./cards.ts";

const hours = 96;
const pointsAnHour = (5_000 * 3_600) / 1_000;
const runsAnHour = 2;
const keptDays = 1;
const pointBytes = 97;
/** Days of the policy, the length of a run, and two until a day is surely over: see docs/operations.md. */
const bound = pointsAnHour * 24 * pointBytes * (keptDays + 1 / 24 + 2);
/** What a partition takes that has few rows or none; at a thousandth of the rate that is seen. */
const emptyBytes = 20 * 16_384;

/** `public` comes first, because new tables go there. */
const ownClock = `
  create schema simulated;
  create table simulated.clock (ahead interval not null);
  insert into simulated.clock values ('0');
  create function simulated.now() returns timestamptz language sql stable as
    'select pg_catalog.now() + (select ahead from simulated.clock)';
  create function simulated.clock_timestamp() returns timestamptz language sql volatile as
    'select pg_catalog.clock_timestamp() + (select ahead from simulated.clock)';
  do $$ begin execute format('alter database %I set search_path = public, simulated, pg_catalog', current_database()); end $$`;

export async function soak(): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(ownClock);
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot, poolSize: 4 });
  const failed = new Problem("dataset/malformed", "The hour is over.").toDocument();
  try {
    const { id: teamId } = await store.teams.ensure("bench");
    await store.policies.change("bench", { metrics: keptDays, logs: keptDays, events: keptDays });
    const { id: workerId, devices } = await store.workers.register({
      name: "worker",
      host: "host",
      version: "0",
      devices: cards(runsAnHour, 0),
    });
    let most = 0;
    for (let hour = 1; hour <= hours; hour++) {
      for (let i = 0; i < runsAnHour; i++) {
        const { id } = await store.runs.submit({
          teamId,
          spec: { kind: "prune", model: newId("model"), layers: 2 },
        });
        const claimed = await claimOn(store, { runId: id, workerId, deviceId: devices[i].id });
        if (!claimed) throw new Error("a run could not be claimed");
        const points = pointsAnHour / runsAnHour;
        for (let step = 0; step < points; step += 1_000)
          await store.metrics.append(
            claimed.lease,
            Array.from({ length: 1_000 }, (_, j) => ({ name: "loss", step: step + j, value: Math.random() })),
          );
        await store.leases.fail(claimed.lease, failed);
      }
      await client.query("update simulated.clock set ahead = ahead + interval '1 hour'");
      const start = performance.now();
      await store.collector.sweep();
      const sweepMs = performance.now() - start;
      const { rows } = await client.query<Record<"points" | "samples" | "others" | "days", number>>(`
        select coalesce(sum(bytes) filter (where relname like 'metric_point%'), 0)::float8 as points,
          coalesce(sum(bytes) filter (where relname like 'metric_s%'), 0)::float8 as samples,
          coalesce(sum(bytes) filter (where relname !~ '^metric'), 0)::float8 as others,
          count(*) filter (where relname like 'metric_point%' and bytes > 16384)::int as days
        from (select relname, pg_total_relation_size(oid) as bytes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) t`);
      const [size] = rows;
      most = Math.max(most, size.points);
      const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
      console.log(
        `hour ${hour}: points ${mega(size.points)} of at most ${mega(bound + emptyBytes)} in ${size.days} days, samples and series ${mega(size.samples)}, other tables ${mega(size.others)}; swept in ${sweepMs.toFixed(0)} ms`,
      );
    }
    const holds = most <= bound + emptyBytes;
    console.log(
      `${hours} hours, ${((pointsAnHour * hours) / 1e6).toFixed(1)} million points: at most ${(most / 1e6).toFixed(1)} MB, ${(most / bound).toFixed(2)} of the bound${holds ? "" : ", WHICH DID NOT HOLD"}`,
    );
    if (!holds) process.exitCode = 1;
  } finally {
    await client.end();
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}
