import { grantedRoles, migrate } from "@espalier/store";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { noRedis, startRedis } from "../../../../test/servers/redis.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { espalier } from "../testing/espalier.ts";
import type { Finding } from "./finding.ts";

let store: TestStore;
let app: Awaited<ReturnType<typeof listen>>["app"];
let folder: string;
/** Of the API's own role. */
let databaseUrl: string;
let environment: Record<string, string>;

beforeAll(async () => {
  store = await openTestStore();
  await store.dataFolder.claim();
  const login = new URL(store.databaseUrl);
  [login.username, login.password] = [grantedRoles.api, "only-for-a-test"];
  databaseUrl = login.href;
  await migrate(store.databaseUrl, undefined, [databaseUrl]);
  folder = await mkdtemp(join(tmpdir(), "espalier-doctor-"));
  const listening = await listen(store);
  app = listening.app;
  const { text } = await store.teams.createKey(store.teamId, { name: "ops", role: "admin", operator: true });
  environment = {
    ESPALIER_URL: listening.url,
    ESPALIER_KEY: text,
    DATABASE_URL: databaseUrl,
    ESPALIER_DATA: store.bytesRoot,
    ESPALIER_SCRATCH: join(folder, "scratch"),
    ESPALIER_MIN_FREE_DATA: "1",
    ESPALIER_MIN_FREE_SCRATCH: "1",
  };
});
afterAll(async () => {
  await app.close();
  await store.discard();
  await rm(folder, { recursive: true });
});

interface Answer {
  code: number;
  well: boolean;
  findings: Finding[];
  text: string;
}

async function doctor(more: Record<string, string | undefined> = {}): Promise<Answer> {
  // Neither the scheduler nor the worker is there to say again that it lives, however long the tests before took.
  await store.pool.passed("here");
  await store.sql("update worker_pulse set seen_at = now()");
  const { code, out, err } = await espalier(["doctor", "--json"], {
    cwd: folder,
    environment: { ...environment, ...more },
  });
  if (out === "") throw new Error(err);
  return { code, text: out, ...(JSON.parse(out) as Pick<Answer, "well" | "findings">) };
}
const wrongs = ({ findings }: Answer): string[] =>
  findings.filter(({ state }) => state === "wrong").map(({ check, what }) => `${check}: ${what}`);
const stateOf = ({ findings }: Answer, check: string): string[] => [
  ...new Set(findings.filter((finding) => finding.check === check).map(({ state }) => state)),
];

describe("the doctor", () => {
  it("finds nothing wrong with a service that is well, and shows no secret", async () => {
    const answer = await doctor();
    expect(wrongs(answer)).toEqual([]);
    expect(answer).toMatchObject({ code: 0, well: true });
    expect(answer.text).not.toContain(environment.ESPALIER_KEY);
    expect(answer.text).not.toContain("only-for-a-test");
    expect(answer.text).toContain("espalier_api may do what it needs, and no more");
    const { findings } = answer;
    expect(findings.find(({ check }) => check === "connections")?.what).toMatch(
      /^1 × 9 \(workers\) \+ 1 × 20 \(APIs\) \+ \d+ \(reserve\) = 37; max_connections is 100$/,
    );
    const { out } = await espalier(["doctor"], { cwd: folder, environment });
    expect(out).toMatch(/^ok {4}clock {8}The clock of this host is 0\.\d s/m);
  });

  it("says which user may do too much, and what the roles lack or have too much", async () => {
    const { databaseUrl: owner } = store;
    expect(wrongs(await doctor({ DATABASE_URL: owner }))).toEqual([
      "database: DATABASE_URL logs in as espalier, who is a superuser, and the owner of the tables.",
    ]);
    await store.sql("alter table run no force row level security");
    await store.sql("revoke update on model from espalier_worker");
    expect(wrongs(await doctor())).toEqual([
      "database: espalier_worker may not update on model.",
      "database: Row-level security does not keep the rows of run apart as prisma/grants.json says.",
    ]);
    await migrate(owner);
    expect(wrongs(await doctor())).toEqual([]);
  });

  it("says what the API finds wrong, with what to do", async () => {
    await store.holds.report(store.deviceId, [{ cause: "low-memory", reason: "1 GB is free." }]);
    const answer = await doctor();
    expect(answer.code).toBe(1);
    expect(wrongs(answer)).toEqual([
      "pool: pool: None of the 1 devices of living workers takes new runs; all are held, cordoned or drained.",
      "pool: w: Too little of its memory is free. 1 GB is free.",
    ]);
    for (const { state, action } of answer.findings) if (state === "wrong") expect(action).toMatch(/\.$/);
    await store.holds.report(store.deviceId, []);
  });

  it("looks at what it reaches while the API is down", async () => {
    const answer = await doctor({ ESPALIER_URL: "http://127.0.0.1:9" });
    expect(answer.code).toBe(1);
    expect(wrongs(answer)).toEqual([expect.stringMatching(/^API: http:\/\/127\.0\.0\.1:9 gives no answer/)]);
    expect(stateOf(answer, "pool")).toEqual(["unknown"]);
    for (const check of ["database", "connections", "clock", "data folder", "scratch"])
      expect(stateOf(answer, check)).toEqual(["ok"]);
  });

  it("tells a database that is away from one that refuses, and goes on with the rest", async () => {
    const away = await doctor({ DATABASE_URL: "postgresql://espalier:secret@127.0.0.1:9/espalier" });
    expect(wrongs(away)).toEqual([expect.stringMatching(/^database: .*ECONNREFUSED/)]);
    expect(away.text).not.toContain("secret");
    expect(stateOf(away, "data folder")).toEqual(["ok", "unknown"]);
    const url = new URL(store.databaseUrl);
    url.pathname = "/nowhere";
    const missing = await doctor({ DATABASE_URL: url.href });
    expect(missing.findings.find(({ state }) => state === "wrong")?.action).toMatch(/^Make the database/);
  });

  it("knows a data folder of another pool, one that is not there, and one that is full", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    expect(wrongs(await doctor({ ESPALIER_DATA: other }))).toEqual([
      expect.stringMatching(/^data folder: .* has no \.espalier-pool/),
    ]);
    expect(wrongs(await doctor({ ESPALIER_DATA: join(folder, "none") }))).toEqual([
      expect.stringMatching(/^data folder: .* is not there\.$/),
    ]);
    const full = await doctor({ ESPALIER_MIN_FREE_DATA: "1e18", ESPALIER_MIN_FREE_SCRATCH: "1e18" });
    expect(wrongs(full).map((what) => what.split(":")[0])).toEqual(["data folder", "scratch"]);
  });

  it.skipIf(noRedis)("looks at Redis: whether it answers, keeps what it has, and is the API's", async () => {
    const redis = await startRedis();
    try {
      const answer = await doctor({ REDIS_URL: redis.url });
      expect(wrongs(answer)).toEqual([expect.stringMatching(/^queues: The API has them on PostgreSQL/)]);
      expect(answer.findings.filter(({ check }) => check === "queues").at(-1)?.what).toMatch(
        /^Redis \d.*, noeviction, no persistence/,
      );
      await redis.stop();
      expect(wrongs(await doctor({ REDIS_URL: redis.url })).at(-1)).toMatch(/^queues: Redis does not serve/);
    } finally {
      await redis.remove();
    }
  });

  it("has nothing to look at where nothing names a service", async () => {
    const { code, out } = await espalier(["doctor"], { cwd: folder });
    expect(code).toBe(1);
    expect(out).toContain("espalier up");
  });
});
