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

  get sessions(): number {
    return this.#sessions.length;
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
        const statuses = new Map<number, number>();
        const submission = d.client.submit({ steps: 10 });
        // It is waited for at the end; until then, its failure is nobody's.
        submission.catch(() => undefined);
        while (performance.now() < end) {
          for (const [index] of d.apis.entries())
            for (const { status, retryAfter } of await answers(d, index)) {
              statuses.set(status, (statuses.get(status) ?? 0) + 1);
              if (status === 503) assert.match(retryAfter ?? "", /^\d+$/);
            }
          await sleep(200);
        }
        console.log(`${foreigner.sessions} foreign sessions; answers: ${JSON.stringify([...statuses])}`);
        assert.deepEqual(
          [...statuses.keys()].filter((status) => status !== 200 && status !== 503),
          [],
        );
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
];
