import { createConnection } from "node:net";
import { once } from "node:events";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, startPostgres, type PostgresServer } from "./postgres.ts";
import { noRedis, startRedis } from "./redis.ts";

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

it("every fresh database is empty and apart from the others", async () => {
  const [one, two] = [await freshDatabase(), await freshDatabase()];
  await ask(one, "create table mine (id int)");
  await expect(ask(two, "select * from mine")).rejects.toThrow("does not exist");
});

describe("a server of one's own", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it("keeps its data and its port when it is stopped and started again", async () => {
    await ask(server.url, "create table kept as select 7 as n");
    await server.stop();
    await expect(ask(server.url, "select 1")).rejects.toThrow("ECONNREFUSED");
    await server.start();
    expect(await ask(server.url, "select n from kept")).toEqual([{ n: 7 }]);
  });
});

describe.skipIf(noRedis)(`Redis${noRedis ? ` (skipped: ${noRedis})` : ""}`, () => {
  const ping = async (url: string) => {
    const { hostname, port } = new URL(url);
    const socket = createConnection(Number(port), hostname);
    socket.write("PING\r\n");
    const [reply] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    return reply.toString();
  };

  it("goes away and comes back on the same port", async () => {
    const server = await startRedis();
    expect(await ping(server.url)).toBe("+PONG\r\n");
    await server.stop();
    await expect(ping(server.url)).rejects.toThrow("ECONNREFUSED");
    await server.start();
    expect(await ping(server.url)).toBe("+PONG\r\n");
    await server.remove();
  });
});
