import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { espalier } from "../../apps/cli/src/testing/espalier.ts";
import { listen } from "../servers/api.ts";
import { startPostgres, type PostgresServer } from "../servers/postgres.ts";
import { cpu, openTestStore, type TestStore } from "../servers/store.ts";

let server: PostgresServer;
let store: TestStore;
let api: Awaited<ReturnType<typeof listen>>;
let key: string;

beforeAll(async () => {
  server = await startPostgres(["max_connections=20"]);
  store = await openTestStore(server.url);
  api = await listen(store);
  ({ text: key } = await store.teams.createKey(store.teamId, { name: "ops", role: "admin", operator: true }));
  for (const name of ["w2", "w3"])
    await store.workers.register({ name, host: "here", version: "0", devices: [cpu] });
}, 180_000);
afterAll(async () => {
  await api?.app.close();
  await store?.discard();
  await server?.remove();
});

interface Finding {
  check: string;
  state: string;
  what: string;
  action?: string;
}

async function wrongs(): Promise<Finding[]> {
  const environment = { ESPALIER_URL: api.url, ESPALIER_KEY: key, DATABASE_URL: store.databaseUrl };
  const { code, out } = await espalier(["doctor", "--json"], { environment });
  expect(code).toBe(1);
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return findings.filter(({ state }) => state === "wrong");
}

/** Opens sessions of another program until the server has no connection left; more as others become free. */
function takeAll(sessions: pg.Client[], leaving: AbortSignal, onFull: () => void): Promise<void> {
  return (async () => {
    while (!leaving.aborted) {
      const session = new pg.Client({ connectionString: server.url, application_name: "foreign" });
      session.on("error", () => undefined);
      try {
        await session.connect();
        sessions.push(session);
      } catch (error) {
        expect(error).toMatchObject({ code: "53300" });
        onFull();
        await sleep(20);
      }
    }
  })();
}

/** More requests at a time than an API has open connections. */
const crowd = () =>
  Promise.all(
    Array.from({ length: 20 }, async () => {
      const answer = await fetch(`${api.url}/v1/runs`, { headers: { authorization: `Bearer ${key}` } });
      const { code } = (await answer.json()) as { code?: string };
      return { status: answer.status, code, retryAfter: answer.headers.get("retry-after") };
    }),
  );

it(
  "with max_connections at 20 the doctor names the figure; when others take all of them, requests are told when to come again and a lease is renewed",
  { timeout: 300_000 },
  async () => {
    const [few] = (await wrongs()).filter(({ check }) => check === "connections");
    expect(few.what).toMatch(
      /^3 × 9 \(workers\) \+ 1 × 20 \(APIs\) \+ 8 \(reserve\) = 55, and max_connections is 20/,
    );
    expect(few.action).toContain("Set max_connections = 55 ");

    const { lease } = await store.claimed((await store.submit()).id);
    const leaving = new AbortController();
    const beats: unknown[] = [];
    // A worker's heartbeat, which keeps its own connection.
    const beating = (async () => {
      while (!leaving.signal.aborted) {
        beats.push(await store.beat(lease));
        await sleep(200);
      }
    })();
    const sessions: pg.Client[] = [];
    let taking: Promise<void> = Promise.resolve();
    await new Promise<void>((full) => {
      taking = takeAll(sessions, leaving.signal, full);
    });
    try {
      const refused = new Set<string>();
      while (refused.size === 0)
        for (const { status, code, retryAfter } of await crowd()) {
          expect([200, 503]).toContain(status);
          if (status === 503) refused.add(`${code} ${retryAfter}`);
        }
      expect([...refused]).toEqual(["service/unavailable 5"]);
      const [database] = (await wrongs()).filter(({ check }) => check === "database");
      expect(database.action).toMatch(/^It has no connection left: raise max_connections/);
    } finally {
      leaving.abort();
      await Promise.all([beating, taking]);
      await Promise.all(sessions.map((session) => session.end()));
    }
    expect(beats.length).toBeGreaterThan(0);
    for (const beat of beats) expect(beat).toEqual({ cancel: false, preempt: false });
    // The server ends its side of a session a moment later.
    await vi.waitFor(
      async () => expect((await crowd()).filter(({ status }) => status !== 200)).toEqual([]),
      20_000,
    );
    expect(await store.runs.get(store.teamId, lease.runId)).toMatchObject({ state: "RUNNING", attempt: 1 });
  },
);
