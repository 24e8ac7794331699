import type { Me, SignedOut } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { OpenIdProvider } from "../../../../test/servers/openid.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { Provider } from "./provider.ts";
import { readOidc } from "./settings.ts";

let store: TestStore;
let app: FastifyInstance;
let url: string;
const issuer = new OpenIdProvider();
beforeAll(async () => {
  store = await openTestStore();
  const settings = readOidc({
    ESPALIER_OIDC_ISSUER: await issuer.listen(),
    ESPALIER_OIDC_CLIENT_ID: "espalier",
    ESPALIER_OIDC_CLIENT_SECRET: "a secret of the client",
    ESPALIER_OIDC_SCOPES: "profile email",
    ESPALIER_OIDC_GROUPS_CLAIM: "groups",
    ESPALIER_OIDC_USER_CLAIM: "preferred_username",
    ESPALIER_OIDC_TEAMS: JSON.stringify({
      leads: { team: "orchard", role: "maintainer" },
      ml: { team: "nlp", role: "viewer", operator: true },
    }),
  })!;
  const provider = new Provider(settings, { proxy: { http: "", https: "", no: "" } });
  ({ app, url } = await listen(store, { provider }));
  issuer.serve(`${url}/v1/session/oidc/callback`);
});
afterAll(async () => {
  await app.close();
  await issuer.close();
  await store.discard();
});

/** A browser: it keeps the cookies of each origin and follows where it is led, but for the last step to a page of ours. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async ask(
    address: string,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ): Promise<Response> {
    const { origin } = new URL(address);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(address, {
      ...init,
      redirect: "manual",
      headers: { accept: "text/html", ...headers, ...(cookie && { cookie }) },
    });
    for (const each of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(each)!;
      if (value === "" || /max-age=0\b/i.test(each)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** Until a page of the service says something else than to go on to the provider and back. */
  async signIn(subject: string, query = ""): Promise<Response> {
    issuer.person = subject;
    let address = `${url}/v1/session/oidc${query}`;
    for (let steps = 0; steps < 10; steps++) {
      const answer = await this.ask(address);
      const [from, to] = [address, answer.headers.get("location")];
      if (to === null || from.startsWith(`${url}/v1/session/oidc/callback`)) return answer;
      await answer.body?.cancel();
      address = new URL(to, from).href;
    }
    throw new Error("led in circles");
  }

  async me(): Promise<Me> {
    const answer = await this.ask(`${url}/v1/me`, { accept: "application/json" });
    if (answer.status !== 200) throw new Error(`not signed in: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Me;
  }
}

describe("whoever signs in by the provider", () => {
  it("is a user of the team of a group, by the subject, whatever the provider calls the person later", async () => {
    issuer.people["u-1"] = { preferred_username: "ann", groups: ["leads", "ml"], email: "ann@example.org" };
    await store.teams.createKey(store.teamId, { name: "laptop", user: "ann" });
    const browser = new Browser();
    const answer = await browser.signIn("u-1", "?to=queue%3Fteam%3Dx");
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "/queue?team=x"]);
    expect(answer.headers.getSetCookie().join("\n")).toMatch(
      /espalier-session=esp_\w+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict/,
    );
    const me = await browser.me();
    expect(me).toMatchObject({
      team: { name: "orchard" },
      // An administrator has given another ann keys before.
      user: { name: "ann-2" },
      key: { role: "maintainer", operator: false, session: { idleSeconds: 7200 } },
    });
    issuer.people["u-1"] = { ...issuer.people["u-1"], preferred_username: "anna" };
    issuer.people["u-2"] = { preferred_username: "ann", groups: ["leads"] };
    const [again, other] = [new Browser(), new Browser()];
    await again.signIn("u-1");
    await other.signIn("u-2");
    expect((await again.me()).user).toMatchObject({ id: me.user!.id, name: "ann-2" });
    expect((await other.me()).user).toMatchObject({ name: "ann-3" });
    const rows = await store.sql<{ author: object; change: object }>(
      "select author, change from audit where action = 'session.open' and subject_id = $1",
      [me.key.id],
    );
    expect(rows).toMatchObject([{ author: { user: "ann" }, change: { subject: "u-1" } }]);
  });

  it("chooses among the teams of the groups, and is in no team without one of them", async () => {
    issuer.people["u-3"] = { preferred_username: "eve", groups: ["leads", "ml"] };
    const browser = new Browser();
    await browser.signIn("u-3", "?team=nlp");
    expect(await browser.me()).toMatchObject({
      team: { name: "nlp" },
      key: { role: "viewer", operator: true },
      teams: [
        { name: "orchard", role: "maintainer" },
        { name: "nlp", role: "viewer", operator: true },
      ],
    });
    const refused = await browser.signIn("u-3", "?team=strangers");
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("You are not in the team strangers");
    issuer.people["u-4"] = { preferred_username: "<b>mallory", groups: ["visitors"] };
    const page = await new Browser().signIn("u-4");
    expect(page.status).toBe(403);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const text = await page.text();
    expect(text).toContain("none of your groups has a team here");
    expect(text).not.toContain("<b>mallory");
    expect(page.headers.getSetCookie().join("")).not.toContain("espalier-session");
    expect(await store.sql("select from identity where subject = 'u-4'")).toEqual([]);
  });

  it("signs out at the provider as well, which leads back and asks who it is the next time", async () => {
    issuer.people["u-9"] = { preferred_username: "pat", groups: ["leads"] };
    const browser = new Browser();
    await browser.signIn("u-9");
    const out = await browser.ask(`${url}/v1/session`, { origin: url }, { method: "DELETE" });
    expect(out.status).toBe(200);
    const { next } = (await out.json()) as SignedOut;
    expect(next.startsWith(`${issuer.issuer}/session/end?`)).toBe(true);
    expect(Object.fromEntries(new URL(next).searchParams)).toEqual({
      client_id: "espalier",
      post_logout_redirect_uri: `${url}/`,
      id_token_hint: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
    });
    await expect(browser.me()).rejects.toThrow("not signed in: 401");
    // The provider asks the person whether that is meant.
    const page = await (await browser.ask(next)).text();
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page) ?? [];
    const confirmed = await browser.ask(
      `${issuer.issuer}/session/end/confirm`,
      { "content-type": "application/x-www-form-urlencoded" },
      { method: "POST", body: new URLSearchParams({ xsrf, logout: "yes" }).toString() },
    );
    expect(confirmed.headers.get("location")).toBe(`${url}/`);
    const begun = await browser.ask(`${url}/v1/session/oidc`);
    const asked = await browser.ask(begun.headers.get("location")!);
    expect(asked.headers.get("location")).toContain("/login/");
  });

  it("may have a provider whose clock differs by less than a minute, and no more", async () => {
    issuer.people["u-10"] = { preferred_username: "tim", groups: ["leads"] };
    // A token lasts for 600 s there; with such a clock it has ended 40 s, or 80 s, before it comes.
    for (const [ahead, status] of [
      [-640, 302],
      [-680, 401],
      [40, 302],
    ]) {
      issuer.clockAhead = ahead;
      const answer = await new Browser().signIn("u-10").finally(() => (issuer.clockAhead = 0));
      expect([ahead, answer.status]).toEqual([ahead, status]);
    }
  });

  it("is led to no other site", async () => {
    issuer.people["u-5"] = { preferred_username: "kim", groups: ["leads"] };
    for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      const answer = await new Browser().signIn("u-5", `?to=${encodeURIComponent(to)}`);
      expect(answer.headers.get("location"), to).toBe("/");
    }
    const answer = await new Browser().signIn("u-5");
    const cookie = answer.headers
      .getSetCookie()
      .find((each) => each.startsWith("espalier-session"))!
      .split(";")[0];
    const end = await fetch(`${url}/v1/session`, { method: "DELETE", headers: { cookie, origin: url } });
    expect(end.status).toBe(200);
    expect((await fetch(`${url}/v1/me`, { headers: { cookie } })).status).toBe(401);
  });

  it("must have begun in the same browser, and comes back once", async () => {
    issuer.people["u-6"] = { preferred_username: "lee", groups: ["leads"] };
    const browser = new Browser();
    issuer.person = "u-6";
    const begun = await browser.ask(`${url}/v1/session/oidc`);
    const authorization = new URL(begun.headers.get("location")!);
    expect(Object.fromEntries(authorization.searchParams)).toMatchObject({
      response_type: "code",
      code_challenge_method: "S256",
      scope: "openid profile email",
    });
    for (const name of ["state", "nonce", "code_challenge"])
      expect(authorization.searchParams.get(name)!.length).toBeGreaterThan(40);
    expect(begun.headers.getSetCookie().join()).toMatch(
      /^espalier-sign-in=\S+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const attacks: [Browser, string][] = [
      [new Browser(), "?code=x&state=y"],
      [browser, "?code=x&state=y"],
      [browser, `?code=x&state=${authorization.searchParams.get("state")}`],
      [
        browser,
        `?error=access_denied&state=${authorization.searchParams.get("state")}&iss=${encodeURIComponent(issuer.issuer)}`,
      ],
      [browser, ""],
    ];
    for (const [from, query] of attacks) {
      const answer = await from.ask(`${url}/v1/session/oidc/callback${query}`, {
        accept: "application/json",
      });
      expect(answer.status, query).toBe(401);
      expect(await answer.json()).toMatchObject({ code: "auth/required" });
      expect(answer.headers.getSetCookie().join("")).not.toContain("espalier-session");
    }
  });
});

it("the provider signs in people after it has changed its keys", async () => {
  issuer.people["u-7"] = { preferred_username: "noa", groups: ["leads"] };
  expect((await new Browser().signIn("u-7")).status).toBe(302);
  issuer.serve(`${url}/v1/session/oidc/callback`);
  const tries = [await new Browser().signIn("u-7"), await new Browser().signIn("u-7")];
  expect(tries[1].status).toBe(302);
});

it("browsers are told by what they can sign in", async () => {
  const host = new URL(issuer.issuer).host;
  expect(await (await fetch(`${url}/v1/session`)).json()).toEqual({
    key: true,
    oidc: { host, start: "v1/session/oidc" },
  });
  const without = await listen(store);
  expect(await (await fetch(`${without.url}/v1/session`)).json()).toEqual({ key: true });
  expect((await fetch(`${without.url}/v1/session/oidc`)).status).toBe(404);
  await without.app.close();
});

it("while the provider is away nobody signs in by it, and keys and sessions go on", async () => {
  issuer.people["u-8"] = { preferred_username: "sam", groups: ["leads"] };
  const browser = new Browser();
  await browser.signIn("u-8");
  const { text } = await store.teams.createKey(store.teamId, { name: "script" });
  await issuer.close();
  await expect
    .poll(async () => (await fetch(`${url}/v1/session/oidc`, { redirect: "manual" })).status, {
      timeout: 20_000,
    })
    .toBe(503);
  const answer = await fetch(`${url}/v1/session/oidc`);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await answer.json()).toMatchObject({ code: "service/unavailable" });
  await browser.me();
  expect((await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${text}` } })).status).toBe(200);
  const out = await browser.ask(`${url}/v1/session`, { origin: url }, { method: "DELETE" });
  expect(out.status).toBe(204);
  await expect(browser.me()).rejects.toThrow("not signed in: 401");
});
