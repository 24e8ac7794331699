/**
 * What `GET /v1/series` takes for ten runs of many points each, through the whole server but the network: all of it, and what is new
 * after a cursor. The median and the longest of 10 requests.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { buildServer } from "../../apps/api/src/server.ts";
import { newId, type SeriesAnswer } from "../../packages/contract/src/index.ts";
import { migrate, openStore } from "../../packages/store/src/index.ts";
import { serverOptions } from "../../test/servers/api.ts";
import { claimOn } from "../../test/servers/place.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { cards } from "./cards.ts";

const runs = 10;
/** What the service is to keep, in ms. */
const target = 500;
const requests = 10;

/** @param points of each run; default 100,000 */
export async function series(points = 100_000): Promise<void> {
  const server = await startPostgres();
  const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  await migrate(server.url);
  const store = await openStore({ databaseUrl: server.url, bytesRoot });
  const client = new pg.Client(server.url);
  await client.connect();
  const app = await buildServer(serverOptions(store));
  try {
    const { id: teamId } = await store.teams.ensure("bench");
    const { text: key } = await store.teams.createKey(teamId, { name: "bench", role: "viewer" });
    const { id: workerId, devices } = await store.workers.register({
      name: "worker",
      host: "host",
      version: "0",
      devices: cards(runs, 0),
    });
    const ids: string[] = [];
    for (const { id: deviceId } of devices) {
      const spec = { kind: "prune" as const, model: newId("model"), layers: 2 };
      const { id: runId } = await store.runs.submit({ teamId, spec });
      const claimed = await claimOn(store, { runId, workerId, deviceId });
      if (!claimed) throw new Error("a run could not be claimed");
      await store.metrics.append(claimed.lease, [{ name: "loss", step: 0, value: 1 }]);
      ids.push(runId);
    }
    await client.query(
      `insert into metric_point (series, value, step, after)
       select s.id, 1 / sqrt(n), n, (select after from metric_point p where p.series = s.id limit 1) + n / 100
       from metric_series s, generate_series(1, $1 - 1) n`,
      [points],
    );
    await client.query("vacuum analyze");
    const query = `/v1/series?name=loss&${ids.map((id) => `runId=${id}`).join("&")}`;
    const { cursor } = await measure(query);
    await measure(`${query}&since=${cursor}`);
    await measure(query.split("&runId").slice(0, 2).join("&runId"));

    async function measure(path: string): Promise<SeriesAnswer> {
      const times: number[] = [];
      let answer = "";
      for (let i = 0; i <= requests; i++) {
        const from = performance.now();
        const { statusCode, body } = await app.inject({
          url: path,
          headers: { authorization: `Bearer ${key}` },
        });
        if (statusCode !== 200) throw new Error(`${path}: ${body}`);
        times.push(performance.now() - from);
        answer = body;
      }
      const sorted = times.slice(1).sort((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)];
      const what = `${path.split("runId=").length - 1} runs of ${points} points${path.includes("since") ? ", what is new" : ""}`;
      console.log(
        `${what}: ${median.toFixed(1)} ms (longest ${sorted.at(-1)!.toFixed(1)} ms, ${(answer.length / 1000).toFixed(0)} kB), ${(median / target).toFixed(2)} of the target`,
      );
      return JSON.parse(answer) as SeriesAnswer;
    }
  } finally {
    await app.close();
    await client.end();
    await store.close();
    await server.remove();
    await rm(bytesRoot, { recursive: true });
  }
}
