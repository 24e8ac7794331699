/**
 * What the lists of the API take where a million runs have ended, nine tenths of them one team's, and 10,000 are queued: through
 * the whole server but the network. The median and the longest of 10 requests.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { buildServer } from "../../apps/api/src/server.ts";
import { migrate, openStore } from "../../packages/store/src/index.ts";
import { serverOptions } from "../../test/servers/api.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { addEndedRuns } from "./ended-runs.ts";
import { fillPool } from "./full-pool.ts";

/** What the service is to keep, in ms. */
const target = 100;
const requests = 10;

/** @param runs ended runs, in hundred thousands; default a million */
export async function lists(runs?: number): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  const client = new pg.Client(server.url);
  await client.connect();
  const served = await openStore({ databaseUrl: server.url, bytesRoot, role: "api" });
  const app = await buildServer(serverOptions(served));
  try {
    await fillPool(store);
    const started = performance.now();
    const { teamId, runId, experimentId } = await addEndedRuns(store, client, runs);
    console.log(
      `${runs ?? "a million"} ended runs are there after ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
    const { text: key } = await store.teams.createKey(teamId, {
      name: "bench",
      role: "admin",
      operator: true,
    });
    for (const path of [
      "/v1/teams",
      "/v1/runs?limit=200",
      `/v1/runs?limit=200&cursor=${runId}`,
      "/v1/runs?state=FAILED",
      "/v1/runs?state=QUARANTINED",
      "/v1/runs?state=RUNNING",
      "/v1/runs?kind=export",
      "/v1/runs?kind=train&state=CANCELLED",
      "/v1/runs?kind=import&state=SUCCEEDED",
      `/v1/runs?experimentId=${experimentId}`,
      "/v1/runs?state=FAILED&state=CANCELLED&kind=train&kind=search",
      "/v1/runs?class=urgent",
      "/v1/runs?model=mdl_00000000000000000000000077",
      "/v1/runs?tag=paper",
      "/v1/runs?tag=seed%3D7&state=FAILED",
      "/v1/runs?createdBy=default&class=idle",
      "/v1/runs?q=sweep",
      "/v1/runs?q=lr%2012",
      "/v1/runs?q=nothing",
      "/v1/runs?q=m77",
      "/v1/runs?sort=ended",
      "/v1/runs?sort=duration&state=FAILED",
      "/v1/runs?sort=duration&kind=export",
      "/v1/runs?sort=oldest&limit=200&fields=state&fields=name",
      "/v1/runs/facets",
      "/v1/runs/facets?state=FAILED&q=sweep",
      "/v1/overview",
      `/v1/runs/${runId}/attempts`,
      `/v1/experiments/${experimentId}`,
      "/v1/experiments?limit=100",
      `/v1/experiments?limit=100&cursor=${experimentId}`,
      "/v1/models?limit=200",
      "/v1/queue?limit=200",
      "/v1/queue?own=true",
    ])
      await measure(path);

    async function measure(path: string): Promise<void> {
      const times: number[] = [];
      for (let i = 0; i < requests; i++) {
        const from = performance.now();
        const { statusCode, body } = await app.inject({
          url: path,
          headers: { authorization: `Bearer ${key}` },
        });
        if (statusCode !== 200) throw new Error(`${path}: ${body}`);
        times.push(performance.now() - from);
      }
      const [longest, sorted] = [Math.max(...times.slice(1)), times.slice(1).sort((a, b) => a - b)];
      const median = sorted[Math.floor(sorted.length / 2)];
      console.log(
        `${path}: ${median.toFixed(1)} ms (longest ${longest.toFixed(1)} ms), ${(median / target).toFixed(2)} of the target`,
      );
    }
  } finally {
    await app.close();
    await client.end();
    await Promise.all([store.close(), served.close()]);
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}
