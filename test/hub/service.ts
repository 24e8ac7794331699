import { buildServer } from "../../apps/api/src/server.ts";
import { espalier } from "../../apps/cli/src/testing/espalier.ts";
import { createClient, type Client } from "@espalier/contract";
import pg from "pg";
import { pino } from "pino";
import { HubServer } from "../../packages/model/src/testing/hub-server.ts";
import { serverOptions } from "../servers/api.ts";
import { freshDatabase } from "../servers/postgres.ts";
import { startPool, type Pool, type TestWorker } from "../worker/pool.ts";

/** A pool with its REST API, and a hub that its workers may import from. */
export interface HubService {
  pool: Pool;
  hub: HubServer;
  url: string;
  key: string;
  client: Client;
  /** What the API has logged. */
  log: () => string;
  /** Starts a worker that knows the hub. */
  worker(environment?: Record<string, string>): Promise<TestWorker>;
  /** Runs one command line of `espalier`. */
  cli(
    args: string[],
    environment?: Record<string, string>,
  ): Promise<{ code: number; out: string; err: string }>;
  /** Ends the API in whatever it does, and starts it again on the same port. */
  restart(): Promise<void>;
  /** Called for each request before its body is read. */
  onRequest: (method: string, path: string) => void;
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  close(): Promise<void>;
}

export async function startHubService(): Promise<HubService> {
  const databaseUrl = await freshDatabase();
  const pool = await startPool(databaseUrl);
  const hub = await HubServer.start();
  const database = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  database.on("error", () => undefined);
  let log = "";
  const logger = pino({ level: "info" }, { write: (line: string) => void (log += line) });
  const listen = async (port: number) => {
    const server = await buildServer({
      ...serverOptions(pool.store, 2 ** 30),
      log: logger,
    });
    server.addHook("preParsing", (request, _reply, _payload, done) => {
      service.onRequest(request.method, request.url);
      done();
    });
    return { server, url: await server.listen({ host: "127.0.0.1", port }) };
  };
  const { text: key } = await pool.store.teams.createKey(pool.teamId, { name: "test" });
  const service: HubService = {
    pool,
    hub,
    key,
    url: "",
    client: undefined as unknown as Client,
    log: () => log,
    onRequest: () => undefined,
    worker: (environment = {}) =>
      pool.worker({ HF_ENDPOINT: hub.endpoint, ESPALIER_HUB_ORIGINS: hub.storage, ...environment }),
    cli: (args, environment = {}) =>
      espalier(args, {
        cwd: pool.folder,
        environment: { ESPALIER_URL: service.url, ESPALIER_KEY: key, ...environment },
      }),
    async restart() {
      await running.server.close();
      running = await listen(Number(new URL(service.url).port));
    },
    sql: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await database.query<Row>(text, values)).rows,
    async close() {
      await running.server.close();
      await database.end();
      await pool.close();
      await hub[Symbol.asyncDispose]();
    },
  };
  let running = await listen(0);
  service.url = running.url;
  service.client = createClient({ url: running.url, key });
  return service;
}
