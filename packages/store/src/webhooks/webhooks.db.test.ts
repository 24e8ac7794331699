import { newId, type WebhookCreate } from "@espalier/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";
import type { SendOutcome } from "./sending.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());
afterEach(() => store.sql("delete from webhook"));

let count = 0;
const hook = async (
  more: Partial<WebhookCreate> = {},
  options: { operator?: boolean; teamId?: string } = {},
) => {
  const { webhook } = await store.webhooks.create({
    teamId: store.teamId,
    operator: false,
    ...options,
    webhook: { name: `hook${++count}`, url: "https://example.org", events: ["run.state"], ...more },
  });
  return webhook.id;
};

/** Makes messages of all that is committed by now. */
const make = async () => {
  await store.settled();
  while ((await store.webhookMessages.make()) > 0);
};

interface Sent {
  type: string;
  data: { runId?: string; state?: string; experimentId?: string; arrayId?: string; runs?: object };
}
const told = async (webhookId: string) =>
  (
    await store.sql<{ body: Sent }>(
      "select body from webhook_delivery where webhook_id = $1 order by (body ->> 'timestamp'), id",
      [webhookId],
    )
  ).map(({ body }) => body);
const states = async (webhookId: string) => (await told(webhookId)).map(({ data }) => data.state);

const experiment = (specs: number) =>
  store.experiments.submit({
    teamId: store.teamId,
    createdBy: { user: "ann" },
    spec: {
      name: newId("experiment"),
      modelId: newId("model"),
      triplets: newId("dataset"),
      evaluation: [newId("dataset")],
    },
    runs: Array.from({ length: specs }, () => ({
      spec: { kind: "prune" as const, model: newId("model"), layers: 2 },
    })),
  });

describe("the messages of a webhook", () => {
  it("are made once of each event that it wants, and of none from before it", async () => {
    const before = await store.submit();
    const all = await hook();
    const ended = await hook({ filter: { states: ["CANCELLED"] } });
    const searches = await hook({ filter: { kinds: ["search"] } });
    const changes = await hook({ events: ["run.changed"] });
    await store.runs.cancel(store.teamId, before.id);
    const run = await store.submit();
    await store.runs.hold(store.teamId, run.id, "key_1 (dev)");
    await store.runs.cancel(store.teamId, run.id);
    await Promise.all([make(), make(), make()]);
    expect(await states(all)).toEqual(["CANCELLED", "QUEUED", "CANCELLED"]);
    expect(await states(ended)).toEqual(["CANCELLED", "CANCELLED"]);
    expect(await told(searches)).toEqual([]);
    expect(await told(changes)).toMatchObject([
      { type: "run.changed", data: { runId: run.id, action: "hold" } },
    ]);
    await store.sql("update webhook_cursor set event = '0-0'");
    await make();
    expect(await states(all)).toEqual(["CANCELLED", "QUEUED", "CANCELLED"]);
  });

  it("are of its team alone, and of workers only for operators", async () => {
    const other = await store.teams.ensure("strangers");
    const theirs = await hook({ events: ["run.state", "worker.event"] }, { teamId: other.id });
    const operators = await hook({ events: ["worker.event"] }, { operator: true });
    await store.submit();
    await store.holds.drain(store.workerId, { by: "key_1 (ops)" });
    await store.holds.resume(store.workerId, "key_1 (ops)");
    await make();
    await make();
    expect(await told(theirs)).toEqual([]);
    expect(await told(operators)).toMatchObject([
      { type: "worker.event", data: { worker: "w", type: "draining" } },
      { type: "worker.event", data: { worker: "w", type: "resumed" } },
    ]);
  });

  it("tell the end of an experiment once, when its last run has ended, and again after a retry", async () => {
    const id = await hook({ events: ["experiment.ended"] });
    const anns = await hook({ events: ["experiment.ended"], filter: { createdBy: "ann" } });
    const bobs = await hook({ events: ["experiment.ended"], filter: { createdBy: "bob" } });
    const { id: experimentId, runs } = await experiment(3);
    await store.runs.cancel(store.teamId, runs[0].id);
    await make();
    expect(await told(id)).toEqual([]);
    // Both ends are open at the same moment.
    await Promise.all(runs.slice(1).map((run) => store.runs.cancel(store.teamId, run.id)));
    await make();
    const end = {
      type: "experiment.ended",
      data: { experimentId, state: "CANCELLED", runs: { CANCELLED: 3 } },
    };
    expect(await told(id)).toMatchObject([end]);
    expect(await told(anns)).toMatchObject([end]);
    expect(await told(bobs)).toEqual([]);
    await store.experiments.retry(store.teamId, experimentId);
    await make();
    expect(await told(id)).toHaveLength(1);
    await store.leases.fail((await store.claimed(runs[0].id)).lease, problemOf("checkpoint/malformed"));
    await store.experiments.cancel(store.teamId, experimentId);
    await make();
    expect(await states(id)).toEqual(["CANCELLED", "FAILED"]);
  });

  it("tell the end of an array", async () => {
    const id = await hook({ events: ["array.ended"] });
    const { id: arrayId } = await store.arrays.submit({
      teamId: store.teamId,
      array: "0-1",
      runs: [0, 1].map((index) => ({ index, spec: { kind: "prune", model: newId("model"), layers: 2 } })),
    });
    await make();
    await store.arrays.cancel(store.teamId, arrayId);
    await make();
    expect(await told(id)).toMatchObject([{ data: { arrayId, state: "CANCELLED", runs: { CANCELLED: 2 } } }]);
  });

  it("are not made while it is paused, and not afterwards of what happened meanwhile", async () => {
    const id = await hook();
    await store.webhooks.change(store.teamId, id, { enabled: false });
    await store.submit();
    await make();
    expect(await store.webhooks.change(store.teamId, id, { enabled: true })).toMatchObject({ enabled: true });
    await make();
    expect(await told(id)).toEqual([]);
    await store.submit();
    await make();
    expect(await states(id)).toEqual(["QUEUED"]);
  });
});

const failed: SendOutcome = { delivered: false, problem: "No.", status: 500, retrySeconds: 0 };

describe("sending", () => {
  it("gives each message to one sender, a few of each webhook at a time, and again when that one has died", async () => {
    const [first, second] = [await hook(), await hook()];
    for (let i = 0; i < 6; i++) await store.webhookDeliveries.ping(store.teamId, first);
    await store.webhookDeliveries.ping(store.teamId, second);
    const taken = (await Promise.all([1, 2, 3].map(() => store.webhookSending.take(16)))).flat();
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
    expect(taken.filter(({ webhookId }) => webhookId === second)).toHaveLength(1);
    for (const delivery of taken.slice(1))
      await store.webhookSending.finish(delivery, { delivered: true, status: 204 });
    while ((await store.webhookSending.take(16)).length > 0);
    // A minute later.
    await store.sql("update webhook_delivery set next_at = now() where state = 'PENDING'");
    const again = await store.webhookSending.take(16);
    const lost = again.find(({ id }) => id === taken[0].id);
    expect(lost).toMatchObject({ messageId: taken[0].messageId, try: 2 });
    // Whoever comes back says nothing about the later try.
    await store.webhookSending.finish(taken[0], failed);
    expect((await store.webhooks.get(store.teamId, taken[0].webhookId)).failures).toBe(0);
  });

  it("gives a message up after a day, and not before", async () => {
    const id = await hook();
    await store.webhookDeliveries.ping(store.teamId, id);
    const [delivery] = await store.webhookSending.take(1);
    await store.webhookSending.finish(delivery, failed);
    expect((await store.webhookDeliveries.list(store.teamId, id)).items).toMatchObject([
      { state: "PENDING", tries: 1, status: 500, problem: "No." },
    ]);
    await store.sql("update webhook_delivery set due_since = now() - interval '25 hours'");
    const [again] = await store.webhookSending.take(1);
    await store.webhookSending.finish(again, failed);
    const { items } = await store.webhookDeliveries.list(store.teamId, id, { state: "FAILED" });
    expect(items).toMatchObject([{ state: "FAILED", tries: 2 }]);
    expect(await store.webhookDeliveries.redeliver(store.teamId, id, items[0].id)).toMatchObject({
      state: "PENDING",
      messageId: items[0].messageId,
    });
  });

  it("pauses a webhook after many failures that have lasted, tells the others, and forgets the failures after a success", async () => {
    const limits = { giveUpSeconds: 86_400, pauseFailures: 3, pauseSeconds: 3600 };
    const [id, other] = [await hook(), await hook({ events: ["webhook.paused"] })];
    await store.webhookDeliveries.ping(store.teamId, id);
    const fail = async () => {
      const [delivery] = await store.webhookSending.take(1);
      return store.webhookSending.finish(delivery, failed, limits);
    };
    expect([await fail(), await fail(), await fail()]).toEqual([undefined, undefined, undefined]);
    await store.sql("update webhook set failing_since = now() - interval '2 hours' where id = $1", [id]);
    expect(await fail()).toBe("4 tries in a row have failed, the last one so: No.");
    expect(await store.webhooks.get(store.teamId, id)).toMatchObject({
      enabled: false,
      failures: 4,
      paused: { reason: expect.stringContaining("4 tries") as string },
    });
    expect(await told(other)).toMatchObject([{ type: "webhook.paused", data: { webhookId: id } }]);
    // What somebody asks for is sent all the same.
    await store.webhooks.change(store.teamId, other, { enabled: false });
    const [ping] = await store.webhookSending.take(16);
    await store.webhookSending.finish(ping, { delivered: true, status: 200 }, limits);
    expect(await store.webhooks.get(store.teamId, id)).toMatchObject({ enabled: false, failures: 0 });
  });

  it("pauses a webhook at once whose receiver is gone", async () => {
    const id = await hook();
    await store.webhookDeliveries.ping(store.teamId, id);
    const [delivery] = await store.webhookSending.take(1);
    await store.webhookSending.finish(delivery, { ...failed, status: 410, gone: true });
    expect(await store.webhooks.get(store.teamId, id)).toMatchObject({ enabled: false });
    expect((await store.webhookDeliveries.list(store.teamId, id)).items).toMatchObject([{ state: "FAILED" }]);
  });

  it("forgets what was delivered a month ago", async () => {
    const id = await hook();
    await store.webhookDeliveries.ping(store.teamId, id);
    await store.sql("update webhook_delivery set created_at = now() - interval '31 days'");
    expect(await store.webhookDeliveries.sweep()).toBe(0);
    await store.sql("update webhook_delivery set state = 'DELIVERED'");
    expect(await store.webhookDeliveries.sweep()).toBe(1);
  });
});

it("a webhook is another team's nothing, and its name is taken once", async () => {
  const id = await hook({ name: "mine" });
  const { id: strangers } = await store.teams.ensure("strangers");
  const none = { code: "resource/not-found" };
  await expect(store.webhooks.get(strangers, id)).rejects.toMatchObject(none);
  await expect(store.webhooks.change(strangers, id, { enabled: false })).rejects.toMatchObject(none);
  await expect(store.webhooks.remove(strangers, id)).rejects.toMatchObject(none);
  await expect(store.webhookDeliveries.list(strangers, id)).rejects.toMatchObject(none);
  await expect(store.webhookDeliveries.ping(strangers, id)).rejects.toMatchObject(none);
  await expect(hook({ name: "mine" })).rejects.toMatchObject({ code: "resource/conflict" });
  expect((await store.webhooks.list(store.teamId)).items.map((each) => each.id)).toEqual([id]);
});
