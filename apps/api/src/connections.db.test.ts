import { connectionBudget } from "@espalier/contract";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../test/servers/store.ts";
import { ConnectionWatch } from "./connections.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

interface Line {
  level: number;
  msg: string;
  most?: number;
}

/** Looks once for each of these numbers of connections that the server gives; what was logged, and the limits that were set. */
async function look(...allowed: (number | Error)[]): Promise<{ lines: Line[]; limits: number[] }> {
  const lines: Line[] = [];
  const limits: number[] = [];
  const log = pino({}, { write: (text) => void lines.push(JSON.parse(text) as Line) });
  const given = [...allowed];
  const watch = new ConnectionWatch(
    {
      limitConnections: (most) => limits.push(most),
      connections: async () => {
        const next = given.shift()!;
        if (next instanceof Error) throw next;
        return { ...(await store.connections()), allowed: next };
      },
    },
    { queueServer: "postgres", pooled: false },
    log,
  );
  for (const _ of allowed) await watch.look();
  return { lines, limits };
}

it("an API says at its start, and when it changes, whether the connections of the database are enough for all that may want one", async () => {
  const { allowed, workers, reserved } = await store.connections();
  expect(allowed).toBeGreaterThan(50);
  expect(workers).toBe(1);
  const { api, worker } = connectionBudget.postgres;
  const { lines } = await look(api + worker, 100, 17, 17, 100);
  expect(lines.map(({ level }) => level)).toEqual([30, 40, 30]);
  expect(lines[1].msg).toContain(`max_connections = ${api + worker + reserved + 5} `);
  expect(lines[1].msg).toMatch(/Until then this API takes 2 for requests\.$/);
});

it("an API leaves connections to runs where there are too few, and most where it cannot even count them", async () => {
  const { api, worker } = connectionBudget.postgres;
  const { limits } = await look(100, api + worker - 3, 17, 100, new Error("too many clients already"), 100);
  expect(limits).toEqual([10, 7, 2, 10, 2, 10]);
});

it("a limit holds for what is open already, as soon as it is idle", async () => {
  const ask = () => Promise.all(Array.from({ length: 8 }, () => store.ping()));
  const open = async (): Promise<number> =>
    (
      await store.sql<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where application_name = 'espalier' and datname = current_database()",
      )
    )[0].n;
  await ask();
  expect(await open()).toBeGreaterThan(2);
  store.limitConnections(2);
  while ((await open()) > 2) await sleep(200);
  await ask();
  expect(await open()).toBeLessThanOrEqual(2);
});
