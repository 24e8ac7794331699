import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newApiKey } from "@espalier/contract";
import { openStore } from "@espalier/store";
import { expect, it } from "vitest";
import { serverOptions } from "../../../../test/servers/api.ts";
import { refusingPostgres } from "../../../../test/servers/refusing.ts";
import { buildServer } from "../server.ts";

/** Out of connections, and starting up. */
const states = { "53300": "no connection left", "57P03": "cannot be reached" };

it.each(Object.entries(states))(
  "a database that refuses connections with %s makes every request a 503 that says when to come again",
  { timeout: 120_000 },
  async (sqlState, words) => {
    const bytesRoot = await mkdtemp(join(tmpdir(), "espalier-unavailable-"));
    const postgres = await refusingPostgres(sqlState);
    const store = await openStore({ databaseUrl: postgres.url, bytesRoot });
    const app = await buildServer(serverOptions(store));
    try {
      const headers = { authorization: `Bearer ${newApiKey()}` };
      for (const url of [
        "/v1/runs",
        "/v1/teams",
        "/v1/models/mdl_0123456789abcdefghjkmnpqrs",
        "/v1/nowhere",
      ]) {
        const answer = await app.inject({ url, headers });
        expect(answer.json()).toMatchObject({ status: 503, code: "service/unavailable" });
        expect(answer.json<{ detail: string }>().detail).toContain(words);
        expect(answer.headers["retry-after"]).toBe("5");
        expect(answer.headers["content-type"]).toMatch("application/problem+json");
      }
      expect((await app.inject("/readyz")).statusCode).toBe(503);
      expect((await app.inject("/healthz")).statusCode).toBe(200);
      // Statements by hand, in the pool, in transactions and on the connection for renewals.
      const unavailable = { code: "service/unavailable" };
      await expect(store.events.position()).rejects.toMatchObject(unavailable);
      await expect(store.transaction(() => Promise.resolve())).rejects.toMatchObject(unavailable);
      await expect(store.heartbeats.beat("wrk_1", { runs: [], measurements: [] })).rejects.toMatchObject(
        unavailable,
      );
      await expect(store.leader.acquire("dispatcher")).rejects.toMatchObject(unavailable);
    } finally {
      await app.close();
      await store.close();
      await postgres.close();
      await rm(bytesRoot, { recursive: true, force: true });
    }
  },
);
