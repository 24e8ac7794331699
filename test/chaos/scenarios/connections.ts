import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Deployment } from "../deployment.ts";
import { until } from "../patience.ts";
import { both, endsOf, several, succeed, type Scenario } from "./scenario.ts";

/** Sessions of a program that is not of the pool. It takes every connection that there is, and each that becomes free. */
class Foreigner {
  readonly #url: string;
  readonly #sessions: pg.Client[] = [];
  readonly #leaving = new AbortController();
  /** How often the server has had no connection left. */
  refused = 0;
  readonly #taking: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#taking = this.#take();
  }

  async #take(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      const session = new pg.Client({ connectionString: this.#url, application_name: "foreign" });
      session.on("error", () => undefined);
      try {
        await session.connect();
        this.#sessions.push(session);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "53300");
        this.refused += 1;
        await sleep(20);
      }
    }
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#taking;
    await Promise.all(this.#sessions.splice(0).map((session) => session.end()));
  }
}

/** Longer than a lease of the suite. */
const heldSeconds = 20;
/** More requests at a time than an API that nobody asks has connections. */
const crowd = 20;

/** Starts PostgreSQL again with so many connections; undefined: with as many as before. */
async function limitConnections(d: Deployment, most: number | undefined): Promise<void> {
  const sql =
    most === undefined ? "alter system reset max_connections" : `alter system set max_connections = ${most}`;
  // It may have to wait for a connection, too.
  await until("the setting is changed", () =>
    d.change(sql).then(
      () => true,
      () => false,
    ),
  );
  await d.postgres.stop();
  await d.postgres.start();
}

/** Asks all APIs, many questions at a time, until something has happened; how often each status was answered. */
async function askUntil(d: Deployment, over: () => boolean): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  while (!over()) {
    for (const [index, api] of d.apis.entries())
      for (const { status, retryAfter } of api.alive ? await answers(d, index) : []) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 503) assert.match(retryAfter ?? "", /^\d+$/);
      }
    await sleep(200);
  }
  console.log(`answers: ${JSON.stringify([...statuses])}`);
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status !== 200 && status !== 503),
    [],
  );
  return statuses;
}

/** What many questions at a time to an API are answered. */
const answers = (d: Deployment, index: number) =>
  Promise.all(Array.from({ length: crowd }, () => d.client.answer(index)));

export const connectionScenarios: readonly Scenario[] = [
  {
    number: 40,
    title:
      "Foreign sessions take every connection of PostgreSQL for a time: requests are told when to come again, and no run is lost or charged.",
    queues: both,
    async run(d) {
      const runIds = await several(d, 2, { steps: 600, script: { pace: 60 } });
      for (const runId of runIds) await d.client.saves(runId);
      const foreigner = new Foreigner(d.postgres.url);
      try {
        await until("no connection is left", () => foreigner.refused > 0);
        d.note("take every connection", "postgres");
        const end = performance.now() + heldSeconds * 1000;
        const submission = d.client.submit({ steps: 10 });
        // It is waited for at the end; until then, its failure is nobody's.
        submission.catch(() => undefined);
        const statuses = await askUntil(d, () => performance.now() > end);
        assert.ok(statuses.get(503), "no request was refused");
        await foreigner.leave();
        const all = [...runIds, await submission];
        await succeed(d, all);
        for (const runId of all) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
      } finally {
        await foreigner.leave();
      }
    },
  },
  {
    number: 42,
    title:
      "PostgreSQL has 20 connections for an API and a worker, which may want 29, and requests never cease: they are answered or told when to come again, and a run starts and succeeds uncharged.",
    queues: ["postgres"],
    async run(d) {
      const others = [...d.apis.slice(1), ...d.workers.slice(1)];
      for (const other of others) await other.kill();
      await limitConnections(d, 20);
      d.note("max_connections = 20", "postgres");
      try {
        let ended = false;
        const run = (async () => {
          const runId = await d.client.submit({ steps: 100, script: { pace: 60 } });
          await succeed(d, [runId]);
          return runId;
        })().finally(() => (ended = true));
        run.catch(() => undefined);
        await askUntil(d, () => ended);
        assert.deepEqual(await endsOf(d, await run), ["SUCCEEDED"]);
      } finally {
        await limitConnections(d, undefined);
      }
      for (const other of others) other.start();
      await d.ready();
    },
  },
];
