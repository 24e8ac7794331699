import { newApiKey, type Me } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen, serverOptions } from "../../../../test/servers/api.ts";
import { openEventStream } from "../../../../test/servers/event-stream.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openLog } from "../log.ts";
import { buildServer, type ServerOptions } from "../server.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
beforeAll(async () => {
  store = await openTestStore();
  ({ app, url } = await listen(store));
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

/** What a browser that has opened one of the service's own pages sends along. */
const samePage = () => ({ origin: url });
const json = { "content-type": "application/json" };
const newKey = (more = {}) => store.teams.createKey(store.teamId, { name: "laptop", user: "ann", ...more });

async function signIn(text: string): Promise<string> {
  const answer = await fetch(`${url}/v1/session`, {
    method: "POST",
    headers: { ...json, ...samePage() },
    body: JSON.stringify({ key: text }),
  });
  expect(answer.status).toBe(200);
  return answer.headers.get("set-cookie")!.split(";")[0];
}

async function ask(path: string, headers: Record<string, string>, method = "GET") {
  const answer = await fetch(`${url}${path}`, { method, headers });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> };
}

describe("a browser's session", () => {
  it("is opened with a key, has that key's rights, and is in a cookie that no script reads and no table holds", async () => {
    const { key, text } = await newKey({ role: "viewer" });
    const answer = await app.inject({ method: "POST", url: "/v1/session", payload: { key: text } });
    expect(answer.statusCode).toBe(200);
    const [, value, attributes] = /^espalier-session=(esp_\w+); (.*)$/.exec(
      String(answer.headers["set-cookie"]),
    )!;
    expect(attributes).toMatch(/^Max-Age=43[12]\d\d; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(answer.body).not.toContain(value);
    const cookie = `espalier-session=${value}`;
    const { status, body } = await ask("/v1/me", { cookie });
    expect(status).toBe(200);
    const { key: opened, ...rest } = answer.json<Me>();
    expect(body).toMatchObject({ ...rest, key: opened });
    expect(body).toMatchObject({
      team: { name: "orchard" },
      user: { name: "ann" },
      key: { name: "laptop", role: "viewer", session: { idleSeconds: 7200 } },
    });
    const lasts = Date.parse((body.key as { expiresAt: string }).expiresAt) - Date.now();
    expect(Math.round(lasts / 60_000)).toBe(12 * 60);
    expect((await ask("/v1/uploads", { cookie, ...samePage() }, "POST")).status).toBe(403);
    // It is not a key that a client could use, and it is not listed among keys.
    expect((await ask("/v1/me", { authorization: `Bearer ${value}` })).status).toBe(401);
    expect((await ask("/v1/me", { cookie: `espalier-session=${text}` })).status).toBe(401);
    const listed = async (query: string) =>
      JSON.stringify((await ask(`/v1/keys${query}`, { authorization: `Bearer ${text}` })).body);
    expect(await listed("")).not.toContain((body.key as { id: string }).id);
    expect(await listed("?sessions=true")).toContain((body.key as { id: string }).id);
    const rows = await store.sql<{ row: string }>(
      "select api_key::text as row from api_key where opener_id = $1",
      [key.id],
    );
    expect(JSON.stringify(rows)).not.toContain(value.split("_")[2].slice(0, 64));
  });

  it("is over https a cookie of this host alone, below a path one of that path, and nothing sends it in clear over a network", async () => {
    const { text } = await newKey();
    const opened = async (host: string, more: Partial<ServerOptions> = {}, forwarded = {}) => {
      const other = await buildServer({ ...serverOptions(store), ...more });
      const answer = await other.inject({
        method: "POST",
        url: "/v1/session",
        headers: { host, ...forwarded },
        payload: { key: text },
      });
      await other.close();
      return { status: answer.statusCode, cookie: String(answer.headers["set-cookie"]), body: answer.body };
    };
    for (const host of ["127.0.0.1:7070", "localhost", "[::1]:7070"])
      expect((await opened(host)).cookie).toMatch(
        /^espalier-session=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
      );
    const far = await opened("gpu.example.org");
    expect(far).toMatchObject({ status: 400, cookie: "undefined" });
    expect(far.body).toContain("over https");
    const https = { "x-forwarded-proto": "https" };
    // Whom nobody trusts may say what he likes.
    expect(await opened("gpu.example.org", {}, https)).toMatchObject({ status: 400 });
    const byProxy = await opened("gpu.example.org", { trustedProxies: ["127.0.0.1"] }, https);
    expect(byProxy.cookie).toMatch(
      /^__Host-espalier-session=\S+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const below = await opened("internal:7070", {
      publicOrigin: "https://gpu.example.org",
      basePath: "/espalier/",
    });
    expect(below.cookie).toMatch(
      /^__Secure-espalier-session=\S+; Max-Age=\d+; Path=\/espalier\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const chosen = await opened("gpu:7070", { publicOrigin: "http://gpu:7070" });
    expect(chosen.cookie).toMatch(/^espalier-session=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  it("ends when it is signed out of, at its time, and with the key that opened it", async () => {
    const { key, text } = await newKey();
    const [first, second] = [await signIn(text), await signIn(text)];
    expect((await ask("/v1/session", { cookie: first, ...samePage() }, "DELETE")).status).toBe(204);
    expect((await ask("/v1/me", { cookie: first })).status).toBe(401);
    expect((await ask("/v1/me", { cookie: second })).status).toBe(200);
    await store.sql("update api_key set expires_at = now() where opener_id = $1", [key.id]);
    expect((await ask("/v1/me", { cookie: second })).status).toBe(401);
    const third = await signIn(text);
    await store.teams.revokeKey(store.teamId, key.id);
    expect((await ask("/v1/me", { cookie: third })).status).toBe(401);
  });

  it("never outlives the key that opened it, and is not opened with one that has ended", async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { key, text } = await newKey({ expiresAt });
    const { body } = await ask("/v1/me", { cookie: await signIn(text) });
    expect((body.key as { expiresAt: string }).expiresAt).toBe(expiresAt);
    await store.teams.revokeKey(store.teamId, key.id);
    for (const each of [text, "esp_nonsense"]) {
      const answer = await app.inject({ method: "POST", url: "/v1/session", payload: { key: each } });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers).not.toHaveProperty("set-cookie");
    }
  });

  it("does nothing for other sites, whose pages may make a browser send its cookie", async () => {
    const { text } = await newKey();
    const cookie = await signIn(text);
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: url.replace(/\d+$/, "1") },
      { origin: url, "sec-fetch-site": "cross-site" },
      { origin: url, "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    ];
    for (const headers of foreign) {
      expect((await ask("/v1/uploads", { cookie, ...headers }, "POST")).status).toBe(403);
      expect((await ask("/v1/me", { cookie, ...headers })).status).toBe(403);
      expect((await ask("/v1/events", { cookie, ...headers })).status).toBe(403);
    }
    // Who says nothing may read, as a browser's address line and a link do, and change nothing.
    const linked = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    for (const headers of [{}, { "sec-fetch-site": "none" }, linked]) {
      // The client of Node has a `sec-fetch-mode` of its own.
      const as = async (method: "GET" | "POST", path: string) =>
        (await app.inject({ method, url: path, headers: { cookie, ...headers } })).statusCode;
      expect(await as("GET", "/v1/me")).toBe(200);
      expect(await as("POST", "/v1/uploads")).toBe(403);
    }
    for (const headers of [samePage(), { "sec-fetch-site": "same-origin" }])
      expect((await ask("/v1/uploads", { cookie, ...headers }, "POST")).status).toBe(201);
    // A key in the header is sent by nobody's page.
    const headers = { authorization: `Bearer ${text}`, origin: "https://evil.example" };
    expect((await ask("/v1/uploads", headers, "POST")).status).toBe(201);
    for (const from of foreign) {
      const payload = { key: text };
      const signedIn = await app.inject({ method: "POST", url: "/v1/session", payload, headers: from });
      expect(signedIn.statusCode).toBe(403);
    }
  });

  it("is found by its public address, where a proxy says nothing of what the browser asked for", async () => {
    const other = await buildServer({
      ...serverOptions(store),
      publicOrigin: "https://gpu.example.org",
      basePath: "/espalier/",
    });
    const { text } = await newKey();
    const origin = "https://gpu.example.org";
    const open = { method: "POST", url: "/v1/session", payload: { key: text } } as const;
    const answer = await other.inject({ ...open, headers: { origin } });
    const cookie = String(answer.headers["set-cookie"]).split(";")[0];
    const change = async (from: string) =>
      (await other.inject({ method: "POST", url: "/v1/uploads", headers: { cookie, origin: from } }))
        .statusCode;
    expect(await change(origin)).toBe(201);
    expect(await change("http://localhost:80")).toBe(403);
    await other.close();
  });

  it("ends when nobody has used it for long, and an open stream of events is use", async () => {
    const { key, text } = await newKey();
    const [left, followed] = [await signIn(text), await signIn(text)];
    const sessions = await store.sql<{ id: string }>(
      "select id from api_key where opener_id = $1 order by id",
      [key.id],
    );
    await store.sql("update api_key set last_used_at = now() - interval '119 minutes' where opener_id = $1", [
      key.id,
    ]);
    // As the watch of an API does, on which the second one follows events.
    expect(await store.teams.validKeys([sessions[1].id])).toEqual(new Set([sessions[1].id]));
    await store.sql(
      "update api_key set last_used_at = last_used_at - interval '2 minutes' where opener_id = $1",
      [key.id],
    );
    const refused = await ask("/v1/me", { cookie: left });
    expect(refused).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining("ended") as string },
    });
    expect((await ask("/v1/me", { cookie: followed })).status).toBe(200);
    expect(await store.teams.validKeys(sessions.map(({ id }) => id))).toEqual(new Set([sessions[1].id]));
  });

  it("shares the limits of the key that opened it, and wrong keys of browsers count as failed sign-ins", async () => {
    const limits = { ...serverOptions(store).limits, failedSignIns: 3, requestsPerKey: 4, streamsPerKey: 1 };
    const other = await listen(store, { limits });
    const post = (key: string) =>
      fetch(`${other.url}/v1/session`, { method: "POST", headers: json, body: JSON.stringify({ key }) });
    try {
      const { text } = await newKey();
      const cookies = [await post(text), await post(text)].map(
        (answer) => answer.headers.get("set-cookie")!.split(";")[0],
      );
      const first = await fetch(`${other.url}/v1/events`, { headers: { cookie: cookies[0] } });
      const second = await fetch(`${other.url}/v1/events`, { headers: { cookie: cookies[1] } });
      expect([first.status, second.status]).toEqual([200, 429]);
      await first.body!.cancel();
      const statuses: number[] = [];
      for (const cookie of [...cookies, ...cookies])
        statuses.push((await fetch(`${other.url}/v1/me`, { headers: { cookie } })).status);
      expect(statuses).toEqual([200, 200, 429, 429]);
      for (let i = 0; i < 3; i++) expect((await post(newApiKey())).status).toBe(401);
      const refused = await post((await newKey()).text);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      // One that was good here before still is.
      expect((await post(text)).status).toBe(200);
    } finally {
      await other.app.close();
    }
  });

  it("is in no line of the log, and neither is the key that opens it", async () => {
    const lines: string[] = [];
    const other = await listen(store, { log: openLog("trace", { write: (line) => void lines.push(line) }) });
    const { text } = await newKey();
    const answer = await fetch(`${other.url}/v1/session`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ key: text }),
    });
    const cookie = answer.headers.get("set-cookie")!.split(";")[0];
    await fetch(`${other.url}/v1/me`, { headers: { cookie } });
    await other.app.close();
    expect(lines.length).toBeGreaterThan(3);
    for (const secret of [text, cookie.split("=")[1]])
      expect(lines.join("")).not.toContain(secret.split("_")[2]);
  });

  it("follows events, and its streams end within 5 s after it is signed out of", async () => {
    const { text } = await newKey();
    const cookie = await signIn(text);
    const { ended } = await openEventStream(`${url}/v1/events`, { cookie });
    await ask("/v1/session", { cookie, ...samePage() }, "DELETE");
    const began = performance.now();
    await ended;
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("is forgotten a day after it has ended", async () => {
    const { key, text } = await newKey();
    await signIn(text);
    await signIn(text);
    const left = async () => (await store.sql("select from api_key where opener_id = $1", [key.id])).length;
    await store.teams.sweepSessions();
    expect(await left()).toBe(2);
    await store.sql(
      "update api_key set expires_at = now() - interval '25 hours' where id in (select id from api_key where opener_id = $1 limit 1)",
      [key.id],
    );
    await store.teams.sweepSessions();
    expect(await left()).toBe(1);
  });
});
