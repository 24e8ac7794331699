import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { idPrefixes, newApiKey, newId, type IdKind } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { RouteRole } from "./access.ts";

/** Who may call what. A route that is added or changed is added or changed here too. */
const expected: Record<RouteRole, string[]> = {
  anyone: ["GET /healthz", "GET /openapi.json", "GET /readyz"],
  member: [
    "DELETE /v1/artifacts/:artifactId",
    "DELETE /v1/datasets/:datasetId",
    "DELETE /v1/experiments/:experimentId",
    "DELETE /v1/models/:modelId",
    "DELETE /v1/runs/:runId",
    "DELETE /v1/schedules/:scheduleId",
    "DELETE /v1/uploads/:uploadId",
    "GET /v1/arrays",
    "GET /v1/arrays/:arrayId",
    "GET /v1/artifacts/:artifactId",
    "GET /v1/artifacts/:artifactId/content",
    "GET /v1/datasets",
    "GET /v1/datasets/:datasetId",
    "GET /v1/events",
    "GET /v1/experiments",
    "GET /v1/experiments/:experimentId",
    "GET /v1/models",
    "GET /v1/models/:modelId",
    "GET /v1/pool",
    "GET /v1/queue",
    "GET /v1/runs",
    "GET /v1/runs/:runId",
    "GET /v1/runs/:runId/artifacts",
    "GET /v1/runs/:runId/attempts",
    "GET /v1/runs/:runId/events",
    "GET /v1/runs/:runId/logs",
    "GET /v1/runs/:runId/metrics",
    "GET /v1/schedules",
    "GET /v1/schedules/:scheduleId",
    "GET /v1/schedules/:scheduleId/firings",
    "GET /v1/uploads/:uploadId",
    "GET /v1/workers",
    "GET /v1/workers/:workerId",
    "GET /v1/workers/:workerId/events",
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
    "POST /v1/experiments/:experimentId/release",
    "POST /v1/experiments/:experimentId/retry",
    "POST /v1/graphs",
    "POST /v1/models",
    "POST /v1/runs",
    "POST /v1/runs/:runId/cancel",
    "POST /v1/runs/:runId/clone",
    "POST /v1/runs/:runId/hold",
    "POST /v1/runs/:runId/release",
    "POST /v1/runs/:runId/retry",
    "POST /v1/schedules",
    "POST /v1/schedules/:scheduleId/pause",
    "POST /v1/schedules/:scheduleId/resume",
    "POST /v1/uploads",
    "PUT /v1/uploads/:uploadId/files/:name",
  ],
  operator: [
    "GET /v1/garbage",
    "GET /v1/teams",
    "GET /v1/teams/:team",
    "GET /v1/teams/:team/retention",
    "POST /v1/garbage/sweep",
    "POST /v1/teams/:team/keys",
    "POST /v1/workers/:workerId/devices/:deviceId/cordon",
    "POST /v1/workers/:workerId/devices/:deviceId/uncordon",
    "POST /v1/workers/:workerId/drain",
    "POST /v1/workers/:workerId/resume",
    "PUT /v1/teams/:team",
    "PUT /v1/teams/:team/retention",
    "PUT /v1/teams/:team/users/:user",
  ],
};

interface Route {
  method: string;
  url: string;
  role: RouteRole;
}

let store: TestStore;
let app: FastifyInstance;
let url: string;
const keys: Record<string, string | undefined> = {};
/** Every route of the server, as the server registers it. */
const routes: Route[] = [];

beforeAll(async () => {
  store = await openTestStore();
  const collect = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook("onRoute", ({ method, url: path, config }) => {
      for (const each of [method].flat()) routes.push({ method: each, url: path, role: config!.role });
    });
  };
  subscribe("fastify.initialization", collect);
  ({ app, url } = await listen(store));
  unsubscribe("fastify.initialization", collect);
  for (const role of ["member", "operator"] as const)
    keys[role] = (await store.teams.createKey(store.teamId, role, undefined, role)).text;
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

/** A path of the route, of things that do not exist. */
const pathOf = (route: Route): string =>
  route.url.replaceAll(/:(\w+)/g, (_, name: string) => {
    const kind = name.replace(/Id$/, "");
    return kind in idPrefixes ? newId(kind as IdKind) : name === "name" ? "config.json" : "nobody";
  });

/** The status of an answer, which may be a stream that does not end. */
async function statusOf({ method, path }: { method: string; path: string }, key?: string): Promise<number> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}${path}`, { method, headers });
  await answer.body?.cancel();
  return answer.status;
}

describe("every route", () => {
  it("has the role that this page lists, and the page lists every route", () => {
    expect({ anyone: named("anyone"), member: named("member"), operator: named("operator") }).toEqual(
      expected,
    );
  });

  it("answers each kind of key by its role", async () => {
    const [open, unknown, refused] = ["let through", 401, 403] as const;
    const answers: Record<RouteRole, Record<string, string | number>> = {
      anyone: { none: open, unknown: open, member: open, operator: open },
      member: { none: unknown, unknown, member: open, operator: open },
      operator: { none: unknown, unknown, member: refused, operator: open },
    };
    const calls = routes.flatMap((route) =>
      Object.entries(keys).map(([name, key]) => ({
        what: `${route.method} ${route.url} with the key ${name}`,
        wanted: answers[route.role][name],
        status: statusOf({ method: route.method, path: pathOf(route) }, key),
      })),
    );
    const wrong: string[] = [];
    for (const { what, wanted, status } of calls) {
      const got = [401, 403].includes(await status) ? await status : open;
      if (got !== wanted) wrong.push(`${what}: ${got} instead of ${wanted}`);
    }
    expect(wrong).toEqual([]);
  });

  it("says its role in the API's description", async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security: Record<string, string[]>[] }>>;
    };
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { security }]) =>
          `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1").replace(/\/$/, "")} ${JSON.stringify(security)}`,
      ),
    );
    const wanted = (["member", "operator"] as const).flatMap((role) =>
      expected[role].map((route) => `${route} ${JSON.stringify([{ key: [role] }])}`),
    );
    expect(described.sort()).toEqual(wanted.sort());
  });
});

it("a path that does not exist needs a key, like one that does", async () => {
  const request = { method: "GET", path: "/v1/nothing" };
  expect(await statusOf(request)).toBe(401);
  expect(await statusOf(request, keys.unknown)).toBe(401);
  expect(await statusOf(request, keys.member)).toBe(404);
});
