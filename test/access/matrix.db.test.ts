import { idPrefixes, newApiKey, newId, teamRoles, type IdKind, type TeamRole } from "@espalier/contract";
import type { NewKey } from "@espalier/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registeredRoutes, type RegisteredRoute } from "../servers/routes.ts";
import { openTestStore, type TestStore } from "../servers/store.ts";
import { bodies, queries, rawBodies } from "./requests.ts";
import { furnish, type Furnished } from "./furnished.ts";

/**
 * Every route × {own, foreign, random id} × every kind of key. What a foreign id gets is, but for ids, to the byte what an id gets that
 * nobody has; and nothing of another team is in any answer.
 */

let store: TestStore;
let app: Awaited<ReturnType<typeof registeredRoutes>>["app"];
let url: string;
let routes: RegisteredRoute[];
let own: Furnished;
let foreign: Furnished;
const keys: Record<string, string | undefined> = {};
/** Of a browser that a member has signed in. */
let cookie: string;

const refused = ["none", "unknown", "expired", "revoked"];
/** Routes of which an operator may name another team, as the page on access says. */
const operatorsOfOthers = [
  "GET /v1/teams/:team",
  "GET /v1/teams/:team/retention",
  "PUT /v1/teams/:team",
  "PUT /v1/teams/:team/retention",
  "PUT /v1/teams/:team/users/:user",
  "POST /v1/teams/:team/keys",
  "DELETE /v1/keys/:keyId",
  "GET /v1/teams",
  "GET /v1/keys",
];

/** It answers for each run by itself, and does nothing to one that is not there. */
const answersForEach = "POST /v1/runs/actions";

/** They ask for another proof than a key, or for a key in the body: those of sessions are their tests. */
const signingIn = ["GET /v1/session/oidc", "GET /v1/session/oidc/callback", "POST /v1/session"];

beforeAll(async () => {
  store = await openTestStore();
  ({ app, url, routes } = await registeredRoutes(store));
  own = await furnish(store, url, "orchard");
  foreign = await furnish(store, url, "strangers");
  const keyOf = (key: Omit<NewKey, "name">) =>
    store.teams.createKey(store.teamId, { name: "key", user: "ann", ...key });
  for (const role of Object.keys(teamRoles) as TeamRole[]) keys[role] = (await keyOf({ role })).text;
  keys.operator = (await keyOf({ role: "viewer", operator: true })).text;
  const [revoked, expired] = [await keyOf({ role: "admin" }), await keyOf({ role: "admin" })];
  await store.sql("update api_key set revoked_at = now() where id = $1", [revoked.key.id]);
  await store.sql("update api_key set expires_at = now() where id = $1", [expired.key.id]);
  Object.assign(keys, {
    revoked: revoked.text,
    expired: expired.text,
    unknown: newApiKey(),
    none: undefined,
  });
  const answer = await fetch(`${url}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key: keys.member }),
  });
  cookie = keys.session = answer.headers.get("set-cookie")!.split(";")[0];
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const missing = (param: string): never => {
  throw new Error(`The test has no id for :${param}; add one to furnished.ts.`);
};

interface Answer {
  status: number;
  body: string;
}

type Ids = Pick<Furnished, "ids" | "team" | "user">;

/** Ids that nobody has, of every noun. */
const random = (): Ids => ({
  team: `t${newId("team").slice(-8)}`,
  user: "ann",
  ids: {
    ...Object.fromEntries(Object.keys(idPrefixes).map((kind) => [kind, newId(kind as IdKind)])),
    evaluation: newId("dataset"),
  },
});

/** The path, the query and the body of a route with one team's ids where the route, the query or the body name some. */
function requestOf({ method, url: path }: RegisteredRoute, { ids, team, user }: Ids) {
  const name = titleOf({ method, url: path });
  const filled = (text: string): string =>
    text.replaceAll(/:(\w+Id|team|user|name)\b/g, (_, param: string) => {
      if (param === "team") return team;
      if (param === "user") return user;
      if (param === "name") return "config.json";
      return ids[param.replace(/Id$/, "") as keyof Ids["ids"]] ?? missing(param);
    });
  const json = bodies[name];
  const raw = rawBodies[name];
  return {
    path: filled(`${path}${queries[name] ?? ""}`),
    method: method as "GET",
    body: json === undefined ? raw : filled(JSON.stringify(json)),
    headers:
      json === undefined
        ? raw === undefined
          ? {}
          : { "content-type": "application/octet-stream" }
        : {
            "content-type": path.endsWith("/clone") ? "application/merge-patch+json" : "application/json",
          },
    named: filled(`${path} ${JSON.stringify(json ?? null)}`),
    asked: filled(queries[name] ?? ""),
  };
}

/** An answer, of which a stream's is what comes first. */
async function ask(route: RegisteredRoute, ids: Ids, key: string | undefined): Promise<Answer> {
  const { path, method, body, headers: more } = requestOf(route, ids);
  const credential =
    key === undefined ? {} : key === cookie ? { cookie, origin: url } : { authorization: `Bearer ${key}` };
  const headers = { ...more, ...credential };
  const answer = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
  if (!isStream) return { status: answer.status, body: await answer.text() };
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return { status: answer.status, body: Buffer.from(first?.value ?? []).toString() };
}

/** The body without what differs from request to request. */
const withoutIds = (body: string): string =>
  body
    .replaceAll(/req_[\w-]+/g, "REQUEST")
    .replaceAll(/\b(?:[a-z]{3,4})_[0-9a-hjkmnp-tv-z]{26}\b/g, "ID")
    .replaceAll(/\bt[0-9a-z]{8}\b/g, "TEAM")
    .replaceAll("strangers", "TEAM");

/** Fastify serves a prefix with and without a slash, and HEAD wherever it serves GET. */
const titleOf = ({ method, url: path }: Pick<RegisteredRoute, "method" | "url">): string =>
  `${method === "HEAD" ? "GET" : method} ${path.replace(/\/$/, "")}`;
/** Whether the route, its query or its body names something of a team. */
const differs = (route: RegisteredRoute, parts: ("named" | "asked")[]): boolean => {
  const [theirs, nobodys] = [requestOf(route, foreign), requestOf(route, random())];
  return parts.some((part) => theirs[part] !== nobodys[part]);
};

/** What of another team must be in no answer: each of its names has it. */
const secret = "strangers-secret";

/** The names of the keys; one who deletes its own things comes last. */
const names = [
  "none",
  "unknown",
  "revoked",
  "expired",
  "viewer",
  "member",
  "session",
  "maintainer",
  "operator",
  "admin",
];

const once = (): RegisteredRoute[] => routes.filter(({ url: path }) => !path.endsWith("/"));

/** As many requests are under way at a time; one by one they would take as long as the machine is slow. */
const atOnce = 8;

/** What is wrong with some of the routes, which are tried at once. */
async function wrongOf(
  tried: readonly RegisteredRoute[],
  look: (route: RegisteredRoute, what: string) => Promise<string[]>,
): Promise<string[]> {
  const left = [...tried];
  const found: string[] = [];
  const lane = async (): Promise<void> => {
    for (let route = left.shift(); route !== undefined; route = left.shift())
      found.push(...(await look(route, titleOf(route))));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return found;
}

describe("with the key", () => {
  it.each(names)(
    "%s: a foreign id gets what an id gets that nobody has, and nothing of another team",
    async (name) => {
      // HEAD is answered as GET is, by the same function.
      const tried = once().filter(
        (route) =>
          differs(route, ["named", "asked"]) &&
          (route.method !== "HEAD" || name === "viewer") &&
          !(name === "operator" && operatorsOfOthers.includes(titleOf(route))),
      );
      expect(tried.length).toBeGreaterThan(50);
      const wrong = await wrongOf(tried, async (route, what) => {
        const theirs = await ask(route, foreign, keys[name]);
        // What is refused before anything is looked for says the same of all.
        const nobodys = refused.includes(name) ? theirs : await ask(route, random(), keys[name]);
        const found: string[] = [];
        if (theirs.status !== nobodys.status || withoutIds(theirs.body) !== withoutIds(nobodys.body))
          found.push(`${what}: ${theirs.status} ${theirs.body} instead of ${nobodys.status} ${nobodys.body}`);
        // A list of what belongs to something that is not there is empty.
        const opened = theirs.status < 400 && differs(route, ["named"]) && what !== answersForEach;
        if (theirs.body.includes(secret) || opened || theirs.status >= 500)
          found.push(`${what}: ${theirs.status} ${theirs.body}`);
        if (refused.includes(name) && theirs.status !== 401)
          found.push(`${what}: ${theirs.status} instead of 401`);
        return found;
      });
      expect(wrong).toEqual([]);
    },
  );

  it.each(names)(
    "%s: what is its own team's is open by the route's role, and nothing of another team",
    async (name) => {
      const look = async (route: RegisteredRoute, what: string): Promise<string[]> => {
        const wanted = wantedOf(route, name);
        const { status, body } = await ask(route, own, keys[name]);
        const refusal = [400, 401, 403, 404].includes(status) || status >= 500;
        const readsAll = name === "operator" && operatorsOfOthers.includes(what);
        return [
          ...((refusal ? status : "let through") === wanted
            ? []
            : [`${what}: ${status} ${body} instead of ${wanted}`]),
          ...(body.includes(secret) && !readsAll ? [`${what}: ${body}`] : []),
        ];
      };
      const tried = once().filter((route) => !signingIn.includes(titleOf(route)));
      const changes = (route: RegisteredRoute) => rank(route) > 0 && wantedOf(route, name) === "let through";
      const wrong = await wrongOf(
        tried.filter((route) => !changes(route)),
        look,
      );
      // Those that may less are told from the one that may most by the role alone, which must not be tried on things that are gone.
      const mayMost = ({ role }: RegisteredRoute) => name === (role === "operator" ? "operator" : "admin");
      for (const route of tried
        .filter((each) => changes(each) && mayMost(each))
        .sort((a, b) => rank(a) - rank(b)))
        wrong.push(...(await look(route, titleOf(route))));
      expect(wrong).toEqual([]);
    },
  );
});

const order = Object.keys(teamRoles) as TeamRole[];
/** What a key of this name gets of its own team: let through, or a status. */
function wantedOf({ role, named }: RegisteredRoute, name: string): "let through" | 401 | 403 {
  if (role === "anyone") return "let through";
  if (refused.includes(name)) return 401;
  const isOperator = name === "operator";
  if (role === "operator") return isOperator ? "let through" : 403;
  const may =
    order.indexOf(isOperator ? "viewer" : name === "session" ? "member" : (name as TeamRole)) >=
    order.indexOf(role);
  return may || (isOperator && named) ? "let through" : 403;
}

/** What changes something comes after what reads, and what deletes last. */
function rank({ method }: RegisteredRoute): number {
  if (method === "GET" || method === "HEAD") return 0;
  return method === "DELETE" ? 2 : 1;
}
