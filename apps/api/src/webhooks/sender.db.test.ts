import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, type Client, type WebhookDelivery } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { openPoster } from "./poster.ts";
import { startSender } from "./sender.ts";

interface Received {
  headers: IncomingMessage["headers"];
  body: string;
}

const noProxy = { http: "", https: "", no: "" };
const closing: (() => Promise<unknown>)[] = [];
let store: TestStore;
let app: FastifyInstance;
let client: Client;
let operator: Client;

/** A receiver on loopback, which its operator allows. */
async function receiver(answer: (response: ServerResponse, times: number) => void) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      answer(response, received.length);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => server.closeAllConnections());
  closing.push(async () => server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { received, origin, url: `${origin}/hook` };
}

/** Two senders, as of two APIs. */
function send(origins: string[]) {
  for (let i = 0; i < 2; i++) {
    const poster = openPoster({ webhookOrigins: origins, proxy: noProxy });
    const sender = startSender({
      store,
      poster,
      log: pino({ level: "silent" }),
      everyMs: 20,
      pauses: { first: 0.01, most: 0.01 },
    });
    closing.push(
      () => sender.stop(),
      () => poster.close(),
    );
  }
}

let good: Awaited<ReturnType<typeof receiver>>;
let weak: typeof good;
let sly: typeof good;
let target: typeof good;
let unlisted: typeof good;
beforeAll(async () => {
  store = await openTestStore();
  good = await receiver((response) => response.writeHead(204).end());
  weak = await receiver((response, times) =>
    response.writeHead(times < 3 ? 503 : 200).end("x".repeat(100_000)),
  );
  target = await receiver((response) => response.end());
  sly = await receiver((response) => response.writeHead(307, { location: target.url }).end());
  unlisted = await receiver((response) => response.end());
  const origins = [good, weak, sly].map(({ origin }) => origin);
  const api = await listen(store, { poster: openPoster({ webhookOrigins: origins, proxy: noProxy }) });
  ({ app } = api);
  const keys = await Promise.all(
    [false, true].map((operator) =>
      store.teams.createKey(store.teamId, { name: "dev", role: "maintainer", operator, user: "ann" }),
    ),
  );
  [client, operator] = keys.map(({ text }) => createClient({ url: api.url, key: text })) as [Client, Client];
  send(origins);
});
afterAll(async () => {
  for (const close of closing) await close();
  await app.close();
  await store.discard();
});

const settledDelivery = async (id: string, what: (delivery: WebhookDelivery) => boolean) => {
  await expect
    .poll(async () => (await client.webhooks.deliveries(id)).items.some(what), { timeout: 10_000 })
    .toBe(true);
  return (await client.webhooks.deliveries(id)).items.find(what)!;
};

describe("a webhook", () => {
  it("is told of a run by a message that its receiver can verify with the secret, once", async () => {
    const { webhook, secret } = await client.webhooks.create({
      name: "good",
      url: good.url,
      events: ["run.state"],
      filter: { states: ["CANCELLED"] },
    });
    expect(webhook).toMatchObject({ enabled: true, createdBy: { user: "ann", key: { name: "dev" } } });
    const { id } = await store.submit();
    await client.runs.cancel(id);
    await expect.poll(() => good.received.length, { timeout: 10_000 }).toBe(1);
    const [{ headers, body }] = good.received as [Received];
    expect(JSON.parse(body)).toMatchObject({ type: "run.state", data: { runId: id, state: "CANCELLED" } });
    const [messageId, seconds] = [headers["webhook-id"], headers["webhook-timestamp"]] as [string, string];
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(30);
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const mark = createHmac("sha256", key).update(`${messageId}.${seconds}.${body}`).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${mark}`);
    expect(headers["content-type"]).toBe("application/json");

    const delivery = await settledDelivery(webhook.id, ({ state }) => state === "DELIVERED");
    expect(delivery).toMatchObject({ messageId, tries: 1, status: 204 });
    await client.webhooks.redeliver(webhook.id, delivery.id);
    await expect.poll(() => good.received.length, { timeout: 10_000 }).toBe(2);
    expect(good.received[1]).toMatchObject({ body, headers: { "webhook-id": messageId } });
    await settledDelivery(webhook.id, ({ state, tries }) => state === "DELIVERED" && tries === 2);
    expect(good.received).toHaveLength(2);

    expect(
      JSON.stringify([await client.webhooks.get(webhook.id), await client.webhooks.list()]),
    ).not.toContain(secret);
    const rows = await store.sql<{ text: string }>(
      `select string_agg(query_to_xml('select * from ' || quote_ident(table_name), true, false, '')::text, '') as text
       from information_schema.tables where table_schema = 'public'`,
    );
    expect(rows[0].text).toContain(messageId);
    expect(rows[0].text).not.toContain(secret.slice(6));
  });

  it("is sent a message again, with its old id, until it answers well", async () => {
    const { webhook } = await client.webhooks.create({
      name: "weak",
      url: weak.url,
      events: ["array.ended"],
    });
    const { id } = await client.webhooks.ping(webhook.id);
    const delivery = await settledDelivery(webhook.id, ({ state }) => state === "DELIVERED");
    expect(delivery).toMatchObject({ id, type: "webhook.ping", tries: 3, status: 200 });
    expect(new Set(weak.received.map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([delivery.messageId]),
    );
    expect(await client.webhooks.get(webhook.id)).toMatchObject({ failures: 0 });
  });

  it("whose receiver redirects is not followed there", async () => {
    const { webhook } = await client.webhooks.create({ name: "sly", url: sly.url, events: ["array.ended"] });
    await client.webhooks.ping(webhook.id);
    await settledDelivery(webhook.id, ({ problem }) => problem === "The receiver answered 307.");
    await client.webhooks.remove(webhook.id);
    expect(target.received).toEqual([]);
  });
});

describe("an address inside", () => {
  it.each([
    "http://example.org/hook",
    "https://127.0.0.1/hook",
    "https://[::1]:8443/",
    "https://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://0x7f.1/",
    "https://ann:secret@example.org/",
  ])("is refused when a webhook is made or changed: %s", async (url) => {
    const refused = { code: "webhook/address-refused" };
    const name = "inside";
    await expect(client.webhooks.create({ name, url, events: ["run.state"] })).rejects.toMatchObject(refused);
    const { items } = await client.webhooks.list();
    await expect(client.webhooks.change(items[0].id, { url })).rejects.toMatchObject(refused);
  });

  it("is not connected to where a name leads there, or an old row does", async () => {
    const port = new URL(unlisted.origin).port;
    for (const url of [`https://localhost:${port}/`, unlisted.url]) {
      const { webhook } = await client.webhooks.create({
        name: "name",
        url: "https://localhost/",
        events: ["array.ended"],
      });
      await store.sql("update webhook set url = $2 where id = $1", [webhook.id, url]);
      await client.webhooks.ping(webhook.id);
      await settledDelivery(webhook.id, ({ problem = "" }) => problem.includes("ESPALIER_WEBHOOK_ORIGINS"));
      await client.webhooks.remove(webhook.id);
    }
    expect(unlisted.received).toEqual([]);
  });
});

it("members are not told of workers, and operators are", async () => {
  const wanted = { name: "workers", url: good.url, events: ["worker.event" as const] };
  await expect(client.webhooks.create(wanted)).rejects.toMatchObject({ code: "auth/forbidden" });
  const { webhook } = await operator.webhooks.create(wanted);
  await operator.workers.drain(store.workerId, { reason: "new driver" });
  const delivery = await settledDelivery(webhook.id, ({ state }) => state === "DELIVERED");
  expect(delivery.body).toMatchObject({
    type: "worker.event",
    data: { type: "draining", reason: "new driver" },
  });
});

it.each([
  [{ url: "ftp://example.org" }, "/url"],
  [{ url: "https://" }, "/url"],
  [{ events: [] }, "/events"],
  [{ events: ["run.state", "run.state"] }, "/events"],
  [{ filter: { states: ["DONE"] } }, "/filter/states/0"],
  [{}, ""],
])("a change that makes no sense is refused: %j", async (change, field) => {
  const { items } = await client.webhooks.list();
  await expect(client.webhooks.change(items[0].id, change as never)).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field },
  });
});
