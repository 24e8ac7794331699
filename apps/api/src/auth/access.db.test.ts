import { apiKeyId, newApiKey, teamRoles, type TeamRole } from "@espalier/contract";
import type { NewKey } from "@espalier/store";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { describedOperations } from "../../../../test/servers/described.ts";
import { registeredRoutes, type RegisteredRoute } from "../../../../test/servers/routes.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { RouteRole } from "./access.ts";

/** Who may call what. A route that is added or changed is added or changed here too. */
const expected: Record<RouteRole, string[]> = {
  anyone: [
    "GET /docs",
    "GET /docs/style.css",
    "GET /healthz",
    "GET /openapi.json",
    "GET /readyz",
    "GET /v1/experiments/schema.json",
    "GET /v1/session",
    "GET /v1/session/oidc",
    "GET /v1/session/oidc/callback",
    "POST /v1/session",
  ],
  viewer: [
    "DELETE /v1/keys/:keyId",
    "DELETE /v1/session",
    "GET /v1/arrays",
    "GET /v1/arrays/:arrayId",
    "GET /v1/artifacts/:artifactId",
    "GET /v1/artifacts/:artifactId/content",
    "GET /v1/audit",
    "GET /v1/datasets",
    "GET /v1/datasets/:datasetId",
    "GET /v1/datasets/:datasetId/errors",
    "GET /v1/datasets/:datasetId/rows",
    "GET /v1/events",
    "GET /v1/experiments",
    "GET /v1/experiments/:experimentId",
    "GET /v1/experiments/:experimentId/comparison",
    "GET /v1/keys",
    "GET /v1/me",
    "GET /v1/models",
    "GET /v1/models/:modelId",
    "GET /v1/models/:modelId/lineage",
    "GET /v1/overview",
    "GET /v1/pool",
    "GET /v1/queue",
    "GET /v1/runs",
    "GET /v1/runs/:runId",
    "GET /v1/runs/:runId/artifacts",
    "GET /v1/runs/:runId/attempts",
    "GET /v1/runs/:runId/events",
    "GET /v1/runs/:runId/logs",
    "GET /v1/runs/:runId/metrics",
    "GET /v1/runs/:runId/timeline",
    "GET /v1/runs/facets",
    "GET /v1/schedules",
    "GET /v1/schedules/:scheduleId",
    "GET /v1/schedules/:scheduleId/firings",
    "GET /v1/series",
    "GET /v1/teams/:team",
    "GET /v1/teams/:team/retention",
    "GET /v1/uploads/:uploadId",
    "GET /v1/views",
    "GET /v1/webhooks",
    "GET /v1/webhooks/:webhookId",
    "GET /v1/webhooks/:webhookId/deliveries",
    "GET /v1/workers",
    "GET /v1/workers/:workerId",
    "GET /v1/workers/:workerId/devices/:deviceId/history",
    "GET /v1/workers/:workerId/events",
    "POST /v1/keys/:keyId/rotate",
  ],
  member: [
    "DELETE /v1/artifacts/:artifactId",
    "DELETE /v1/datasets/:datasetId",
    "DELETE /v1/experiments/:experimentId",
    "DELETE /v1/models/:modelId",
    "DELETE /v1/runs/:runId",
    "DELETE /v1/schedules/:scheduleId",
    "DELETE /v1/uploads/:uploadId",
    "DELETE /v1/views/:viewId",
    "PATCH /v1/arrays/:arrayId",
    "PATCH /v1/experiments/:experimentId",
    "PATCH /v1/runs/:runId",
    "PATCH /v1/schedules/:scheduleId",
    "POST /v1/arrays",
    "POST /v1/arrays/:arrayId/cancel",
    "POST /v1/arrays/:arrayId/hold",
    "POST /v1/arrays/:arrayId/release",
    "POST /v1/datasets",
    "POST /v1/experiments",
    "POST /v1/experiments/:experimentId/cancel",
    "POST /v1/experiments/:experimentId/clone",
    "POST /v1/experiments/:experimentId/hold",
    "POST /v1/experiments/:experimentId/promote",
    "POST /v1/experiments/:experimentId/release",
    "POST /v1/experiments/:experimentId/retry",
    "POST /v1/graphs",
    "POST /v1/models",
    "POST /v1/plan",
    "POST /v1/runs",
    "POST /v1/runs/:runId/cancel",
    "POST /v1/runs/:runId/clone",
    "POST /v1/runs/:runId/hold",
    "POST /v1/runs/:runId/release",
    "POST /v1/runs/:runId/retry",
    "POST /v1/runs/actions",
    "POST /v1/schedules",
    "POST /v1/schedules/:scheduleId/pause",
    "POST /v1/schedules/:scheduleId/resume",
    "POST /v1/uploads",
    "POST /v1/views",
    "PUT /v1/uploads/:uploadId/files/:name",
    "PUT /v1/views/:viewId",
  ],
  maintainer: [
    "DELETE /v1/webhooks/:webhookId",
    "PATCH /v1/webhooks/:webhookId",
    "POST /v1/webhooks",
    "POST /v1/webhooks/:webhookId/deliveries/:deliveryId/redeliver",
    "POST /v1/webhooks/:webhookId/ping",
  ],
  admin: [
    "POST /v1/keys",
    "POST /v1/teams/:team/keys",
    "PUT /v1/teams/:team/retention",
    "PUT /v1/teams/:team/users/:user",
  ],
  operator: [
    "GET /v1/garbage",
    "GET /v1/teams",
    "POST /v1/garbage/sweep",
    "POST /v1/workers/:workerId/devices/:deviceId/cordon",
    "POST /v1/workers/:workerId/devices/:deviceId/uncordon",
    "POST /v1/workers/:workerId/drain",
    "POST /v1/workers/:workerId/resume",
    "PUT /v1/teams/:team",
  ],
};

let store: TestStore;
let app: FastifyInstance;
let url: string;
const keys: Record<string, string | undefined> = {};
let routes: RegisteredRoute[];

beforeAll(async () => {
  store = await openTestStore();
  ({ app, url, routes } = await registeredRoutes(store));
  const keyOf = (key: Omit<NewKey, "name">) => store.teams.createKey(store.teamId, { name: "key", ...key });
  for (const role of Object.keys(teamRoles) as TeamRole[]) keys[role] = (await keyOf({ role })).text;
  keys.operator = (await keyOf({ role: "viewer", operator: true })).text;
  for (const ended of ["revoked", "expired"]) {
    const { key, text } = await keyOf({ role: "admin", operator: true });
    await store.sql(`update api_key set ${ended}_at = now() where id = $1`.replace("expired", "expires"), [
      key.id,
    ]);
    keys[ended] = text;
  }
  keys.unknown = newApiKey();
  keys.none = undefined;
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

/** Fastify serves a prefix with and without a slash, and HEAD wherever it serves GET. */
const named = (role: RouteRole): string[] =>
  [
    ...new Set(
      routes
        .filter((route) => route.role === role)
        .map((route) => `${route.method === "HEAD" ? "GET" : route.method} ${route.url.replace(/\/$/, "")}`),
    ),
  ].sort();

/** The status of an answer, which may be a stream that does not end. */
async function statusOf({ method, path }: { method: string; path: string }, key?: string): Promise<number> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}${path}`, { method, headers });
  await answer.body?.cancel();
  return answer.status;
}

const roles = Object.keys(teamRoles) as TeamRole[];

interface Described {
  parameters?: object[];
  "x-role"?: string;
  security?: object[];
}

describe("every route", () => {
  it("has the role that this page lists, and the page lists every route", () => {
    expect(Object.fromEntries(Object.keys(expected).map((role) => [role, named(role as RouteRole)]))).toEqual(
      expected,
    );
  });

  it("says its role in the API's description", async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      security: object[];
      paths: Record<string, Record<string, object>>;
      components: { parameters: Record<string, object> };
    };
    expect(document.security).toEqual([{ key: [] }, { session: [] }]);
    const described = describedOperations<Described, object>(document).map(
      ({ method, path, security, "x-role": role = "viewer" }) =>
        `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1").replace(/\/$/, "")} ${security ? JSON.stringify(security) : role}`,
    );
    const wanted = ([...roles, "operator"] as const).flatMap((role) =>
      expected[role].map((route) => `${route} ${role}`),
    );
    expect(described.sort()).toEqual([...wanted, "GET /v1/session []", "POST /v1/session []"].sort());
  });
});

it("a path that does not exist needs a key, like one that does", async () => {
  const request = { method: "GET", path: "/v1/nothing" };
  expect(await statusOf(request)).toBe(401);
  expect(await statusOf(request, keys.unknown)).toBe(401);
  expect(await statusOf(request, keys.viewer)).toBe(404);
});

describe("a team that a path names", () => {
  const paths = ["GET /v1/teams/TEAM", "GET /v1/teams/TEAM/retention", "PUT /v1/teams/TEAM/users/ann"];

  it("is open to its own keys by their role, and to operators; for others no team of any name is there", async () => {
    await store.teams.ensure("strangers");
    for (const each of paths) {
      const [method, path] = each.split(" ") as [string, string];
      const answers = await Promise.all(
        ["strangers", "nobody"].map(async (team) => {
          const headers = { authorization: `Bearer ${keys.admin}` };
          const answer = await fetch(`${url}${path.replace("TEAM", team)}`, { method, headers });
          return `${answer.status} ${(await answer.text()).replace(/req_[\w-]+/, "")}`;
        }),
      );
      expect(answers[0]).toMatch(/^404 .*There is no such team for this key/);
      expect(answers[1]).toBe(answers[0]);
      const own = await statusOf({ method, path: path.replace("TEAM", "orchard") }, keys.admin);
      expect(own).toBe(method === "GET" ? 200 : 400);
      const theirs = await statusOf({ method, path: path.replace("TEAM", "strangers") }, keys.operator);
      expect(theirs).toBe(method === "GET" ? 200 : 400);
    }
  });
});

it("a refused key leaves a line in the log with its id and the address, and never its text", async () => {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => void lines.push(line) });
  const other = await listen(store, { log });
  try {
    for (const text of [keys.revoked!, keys.expired!, keys.unknown!, `${keys.member!}x`, keys.viewer!])
      await fetch(`${other.url}/v1/runs`, { headers: { authorization: `Bearer ${text}` } });
    const refused = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === "sign-in refused");
    expect(refused).toMatchObject([
      { refusal: "revoked", keyId: apiKeyId(keys.revoked!), address: "127.0.0.1" },
      { refusal: "expired", keyId: apiKeyId(keys.expired!), address: "127.0.0.1" },
      { refusal: "unknown", keyId: apiKeyId(keys.unknown!), address: "127.0.0.1" },
      { refusal: "malformed", address: "127.0.0.1" },
    ]);
    const completed = lines.filter((line) => line.includes("request completed")).at(-1);
    expect(JSON.parse(completed!)).toMatchObject({ team: "orchard", keyId: apiKeyId(keys.viewer!) });
    for (const text of Object.values(keys))
      if (text) expect(lines.join("")).not.toContain(text.split("_")[2]);
  } finally {
    await other.app.close();
  }
});
