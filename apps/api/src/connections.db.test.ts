import { connectionBudget } from "@espalier/contract";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../test/servers/store.ts";
import { checkConnections } from "./connections.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

/** What is logged when the server gives so many connections. */
async function logged(allowed: number): Promise<{ level: number; msg: string }> {
  let line = "";
  const log = pino({}, { write: (text) => void (line = text) });
  const connections = async () => ({ ...(await store.connections()), allowed });
  await checkConnections({ connections }, { queueServer: "postgres", pooled: false }, log);
  return JSON.parse(line) as { level: number; msg: string };
}

it("an API says at its start whether the connections of the database are enough for all that may want one", async () => {
  const { allowed, workers } = await store.connections();
  expect(allowed).toBeGreaterThan(50);
  expect(workers).toBe(1);
  const { api, worker } = connectionBudget.postgres;
  expect(await logged(api + worker)).toMatchObject({ level: 30 });
  const few = await logged(17);
  expect(few.level).toBe(40);
  const { reserved } = await store.connections();
  expect(few.msg).toContain(`max_connections = ${api + worker + reserved + 5} `);
});
