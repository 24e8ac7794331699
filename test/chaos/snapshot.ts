import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Metric } from "@espalier/contract";
import pg from "pg";
import type { ArtifactEntry, AttemptEntry, Entry, RunEntry } from "./history.ts";

/** Reads what PostgreSQL, the stored bytes and, of metrics, the API say of all runs, in an order that a checker can go through. */
export async function snapshot(
  databaseUrl: string,
  bytesRoot: string,
  metricsOf: (runId: string) => Promise<readonly Metric[]>,
): Promise<Entry[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin isolation level repeatable read read only");
    const runs = await client.query<RunEntry>(
      `select 'run' as type, id as "runId", state, attempt, spec ->> 'name' as key, problem ->> 'code' as code,
         (result ->> 'resumedFromStep')::int as "resumedFromStep" from run order by id`,
    );
    const attempts = await client.query<AttemptEntry>(
      `select 'attempt' as type, run_id as "runId", number, state, checkpoint_step as "checkpointStep",
         problem ->> 'code' as code, (extract(epoch from started_at) * 1000)::float8 as "startedAt",
         (extract(epoch from ended_at) * 1000)::float8 as "endedAt"
       from attempt order by run_id, number`,
    );
    const events = await client.query<Entry>(
      `select 'event' as type, run_id as "runId", body ->> 'state' as state, (body ->> 'attempt')::int as attempt
       from event where body ->> 'type' = 'run.state' order by run_id, xid, seq`,
    );
    const artifacts = await client.query<ArtifactEntry & { location: string }>(
      `select 'artifact' as type, run_id as "runId", attempt, kind, name, sha256, location
       from artifact where attempt is not null order by run_id, name`,
    );
    const metrics: Entry[] = [];
    for (const { runId, attempt } of runs.rows)
      for (const { name, step, value, attempt: by } of attempt > 0 ? await metricsOf(runId) : [])
        metrics.push({ type: "metric", runId, name, step, value, attempt: by });
    const found = await Promise.all(
      artifacts.rows.map(async ({ location, ...artifact }) => ({
        ...artifact,
        ...present(await digest(join(bytesRoot, location))),
      })),
    );
    return [...runs.rows, ...attempts.rows, ...events.rows, ...metrics, ...found].map(withoutNulls);
  } finally {
    await client.end();
  }
}

const present = (found: string | undefined) => (found === undefined ? {} : { found });

/** What is null in SQL is absent here, but for a metric's value that is not finite. */
const withoutNulls = <Row extends Entry>(row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([key, value]) => value !== null || key === "value")) as Row;

async function digest(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}
