import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openLog } from "../log.ts";

interface Line {
  msg: string;
  reqId?: string;
  keyId?: string;
  team?: string;
  req?: { url: string };
}

let store: TestStore;
let app: FastifyInstance;
let url: string;
let key: { id: string; text: string };
let lines: Line[] = [];
beforeAll(async () => {
  store = await openTestStore();
  const log = openLog("info", { write: (line) => void lines.push(JSON.parse(line) as Line) });
  ({ app, url } = await listen(store, { log }));
  const made = await store.teams.createKey(store.teamId, { name: "dev" });
  key = { id: made.key.id, text: made.text };
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

async function ask(path: string, headers: Record<string, string> = {}) {
  lines = [];
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${key.text}`, ...headers },
  });
  const id = answer.headers.get("x-request-id");
  const streams = answer.headers.get("content-type")?.startsWith("text/event-stream");
  const text = streams ? (await answer.body?.cancel(), "") : await answer.text();
  await expect
    .poll(() => lines.some(({ msg }) => msg === "request completed" || streams === true))
    .toBe(true);
  return { id, status: answer.status, text };
}

describe("the id of a request", () => {
  it("is made, and stands in the answer, in the problem document and in every line of the log", async () => {
    const { id, text } = await ask("/v1/runs/none");
    expect(id).toMatch(/^req_[0-9a-f-]{36}$/);
    expect(JSON.parse(text)).toMatchObject({ requestId: id });
    expect(lines.map(({ reqId }) => reqId)).toEqual(lines.map(() => id));
  });

  it("is the one that came with the request, where that one is fit to be written into a log", async () => {
    expect(await ask("/v1/runs", { "x-request-id": "0af7651916cd43dd:8448.eb-21_1c" })).toMatchObject({
      id: "0af7651916cd43dd:8448.eb-21_1c",
    });
    for (const given of ["two words", 'quo"te', "x".repeat(129), "<script>"])
      expect((await ask("/v1/runs", { "x-request-id": given })).id).toMatch(/^req_/);
  });

  it("stands in the head of an event stream too, and of an answer without a key", async () => {
    expect((await ask("/v1/events", { "x-request-id": "stream-1" })).id).toBe("stream-1");
    expect(await ask("/v1/runs", { "x-request-id": "none-1", authorization: "" })).toMatchObject({
      id: "none-1",
      status: 401,
    });
  });
});

it("the line of a request's end names the key and its team, also where the key may not do it", async () => {
  for (const path of ["/v1/runs", "/v1/teams"]) {
    await ask(path);
    expect(lines.find(({ msg }) => msg === "request completed")).toMatchObject({
      keyId: key.id,
      team: "orchard",
    });
  }
});

it("a key in a parameter is in no line of the log, and a parameter of the route is", async () => {
  await ask(`/v1/runs?limit=5&api_key=${key.text}&${key.text}`);
  await ask(`/v1/runs?limit=5&api_key=${key.text}`);
  expect(lines[0]?.req?.url).toBe("/v1/runs?limit=5&api_key=hidden");
  expect(JSON.stringify(lines)).not.toContain(key.text);
  await ask(`/nothing?token=${key.text}`);
  expect(JSON.stringify(lines)).not.toContain(key.text);
});
