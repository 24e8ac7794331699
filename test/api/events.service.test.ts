import { setTimeout as sleep } from "node:timers/promises";
import { newId, type Client, type Event, type Lease } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEvents } from "../../packages/contract/src/http/sse.ts";
import type { TestStore } from "../servers/store.ts";
import { startTestApi, type TestApi } from "./service.ts";

let api: TestApi;
let store: TestStore;
let client: Client;
beforeAll(async () => {
  api = await startTestApi();
  ({ store, client } = api);
  // What is told before the API listens to PostgreSQL is lost; from the first that has come on, it listens.
  const stream = await follow("/v1/events");
  const { lease } = await store.claimed((await store.submit()).id);
  for (let done = 1; !stream.seen.some(({ type }) => type === "run.progress"); done++) {
    await beat(lease, done);
    await sleep(20);
  }
  await stream.close();
  await store.leases.succeed(lease, { result: { modelId: newId("model") } });
});
afterAll(() => api.close());

interface Stream {
  /** All that has come so far; `id` is that of the message. */
  seen: (Event & { id?: string })[];
  until: (holds: (seen: Event[]) => boolean) => Promise<void>;
  close: () => Promise<void>;
}

/** Follows a path as any client of server-sent events does, from now or from an event on. */
async function follow(path: string, key = api.key, lastId?: string): Promise<Stream> {
  const stop = new AbortController();
  const headers = {
    authorization: `Bearer ${key}`,
    ...(lastId === undefined ? {} : { "last-event-id": lastId }),
  };
  const response = await fetch(`${api.url}${path}`, { headers, signal: stop.signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const seen: Stream["seen"] = [];
  const reading = (async () => {
    for await (const { id, event, data } of readEvents(response.body!)) {
      if (data === "") continue;
      const body = JSON.parse(data) as Event;
      expect(event).toBe(body.type);
      expect(id).toBe("id" in body ? body.id : undefined);
      seen.push(body);
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    seen,
    until: async (holds) => {
      for (const end = Date.now() + 15_000; !holds(seen); await sleep(10))
        if (Date.now() > end) throw new Error(`only ${JSON.stringify(seen)}`);
    },
    close: async () => {
      stop.abort();
      await reading;
    },
  };
}

const storyOf = (seen: readonly Event[], runId: string) =>
  seen.flatMap<string | number>((event) =>
    event.runId !== runId
      ? []
      : event.type === "run.state"
        ? [event.state]
        : event.type === "run.progress"
          ? [event.progress.done]
          : [],
  );
const ended = (runId: string) => (seen: readonly Event[]) => storyOf(seen, runId).includes("CANCELLED");
const beat = (lease: Lease, done: number) =>
  store.beat(lease, { phase: "prune", done, total: 10, unit: "files" });

describe("a stream of events", () => {
  it("tells the life of a run, with its progress, to its team alone", async () => {
    const { text: theirs } = await store.teams.createKey((await store.teams.ensure("strangers")).id, {
      name: "k",
    });
    const [ours, foreign] = [await follow("/v1/events"), await follow("/v1/events", theirs)];
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const one = await follow(`/v1/runs/${id}/events`);
    const other = await store.submit();
    for (const done of [1, 2, 2, 3]) {
      await beat(lease, done);
      await ours.until((seen) => storyOf(seen, id).includes(done));
    }
    await one.until((seen) => storyOf(seen, id).includes(3));
    await client.runs.cancel(id);
    await store.leases.cancelled(lease);
    await Promise.all([ours, one].map(({ until }) => until(ended(id))));
    await client.runs.cancel(other.id);
    await ours.until(ended(other.id));
    await Promise.all([ours, foreign, one].map(({ close }) => close()));

    const states = ["QUEUED", "DISPATCHED", "RUNNING"];
    const story = storyOf(ours.seen, id);
    expect(story.filter((each) => typeof each === "string")).toEqual([...states, "CANCELLED"]);
    expect(story.filter((each) => typeof each === "number")).toEqual([1, 2, 3]);
    expect(storyOf(ours.seen, other.id)).toEqual(["QUEUED", "CANCELLED"]);
    expect(storyOf(one.seen, id).slice(-4)).toEqual([1, 2, 3, "CANCELLED"]);
    expect(one.seen.every(({ runId }) => runId === id)).toBe(true);
    expect(foreign.seen).toEqual([]);
  });

  it("goes on after the last event that a client has seen: no state is missed or repeated, and progress is not kept", async () => {
    const first = await follow("/v1/events");
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await beat(lease, 1);
    await first.until((seen) => storyOf(seen, id).length === 4);
    await first.close();
    const lastId = first.seen.findLast((event) => event.id !== undefined)!.id!;
    await beat(lease, 2);
    await client.runs.cancel(id);
    await store.leases.cancelled(lease);
    const second = await follow("/v1/events", api.key, lastId);
    await second.until(ended(id));
    await second.close();
    expect(storyOf(second.seen, id)).toEqual(["CANCELLED"]);
    expect((await client.runs.get(id)).progress?.done).toBe(2);
  });

  it("tells all of two hundred runs that move on at the same moment", async () => {
    const stream = await follow("/v1/events");
    const runIds = await Promise.all(Array.from({ length: 200 }, async () => (await store.submit()).id));
    await stream.until((seen) => runIds.every((id) => storyOf(seen, id).length > 0));
    // As one worker with two hundred devices would hold them.
    await store.sql(
      "update run set state = 'RUNNING', lease_owner = $1, lease_until = now() + interval '1 min', attempt = 1 where id = any($2)",
      [store.workerId, runIds],
    );
    await store.sql("insert into run_progress (run_id, attempt) select unnest($1::text[]), 1", [runIds]);
    const progress = { phase: "train", done: 1, total: 2, unit: "steps" };
    await store.heartbeats.beat(store.workerId, {
      runs: runIds.map((runId) => ({ runId, attempt: 1, progress })),
      measurements: [],
    });
    await stream.until((seen) =>
      runIds.every((id) => [1, "RUNNING"].every((each) => storyOf(seen, id).includes(each))),
    );
    await stream.close();
    const states = stream.seen.filter(({ type }) => type === "run.state").map(({ runId }) => runId);
    expect(new Set(states).size).toBe(200);
    expect(states).toHaveLength(400);
  });

  it("is described, with what its messages hold", async () => {
    const { paths, components } = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
      paths: Record<string, { get: { responses: Record<string, { content?: object }> } }>;
      components: { schemas: Record<string, object> };
    };
    for (const path of ["/v1/events", "/v1/runs/{runId}/events"])
      expect(paths[path]?.get.responses["200"]?.content).toEqual({
        "text/event-stream": { schema: { $ref: "#/components/schemas/Event" } },
      });
    expect(JSON.stringify(components.schemas["Event"])).toContain("run.progress");
  });

  it("refuses an id that it has not given, and a run that there is not", async () => {
    const get = (path: string, headers = {}) =>
      fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${api.key}`, ...headers } });
    const unknown = await get("/v1/events", { "last-event-id": "yesterday" });
    expect([unknown.status, await unknown.json()]).toMatchObject([400, { code: "request/invalid" }]);
    const missing = await get(`/v1/runs/${newId("run")}/events`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: "resource/not-found" }]);
    const { id } = await store.submit();
    await expect(api.stranger.runs.get(id)).rejects.toMatchObject({ code: "resource/not-found" });
    expect((await fetch(`${api.url}/v1/events`)).status).toBe(401);
  });
});
