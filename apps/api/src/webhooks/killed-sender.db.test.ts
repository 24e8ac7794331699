import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { newId, type WebhookEvent } from "@espalier/contract";
import { openStore } from "@espalier/store";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cutAfterEach } from "../../../../test/servers/cut-connections.ts";
import { openTestStore, testSecret, type TestStore } from "../../../../test/servers/store.ts";
import { openPoster } from "./poster.ts";
import { startSender } from "./sender.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.discard());

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** What a receiver got, by the id of the message; it answers as the status for the nth request says. */
async function receiver(status: (nth: number) => number) {
  const got = new Map<string, Set<string>>();
  let count = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      const id = String(request.headers["webhook-id"]);
      got.set(id, (got.get(id) ?? new Set()).add(body));
      response.writeHead(status(++count)).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => (server.closeAllConnections(), server.close()));
  return { got, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

interface Row {
  webhook: string;
  message: string;
  type: string;
  state: string;
  body: string;
}
const ours =
  "select webhook_id as webhook, message_id as message, type, state, body::text from webhook_delivery order by id";
const deliveries = () => store.sql<Row>(ours);

it("a sender that is killed after any of its statements loses no message, sends each with its id, and makes none twice", async () => {
  const good = await receiver(() => 204);
  const weak = await receiver((nth) => (nth % 2 === 1 ? 503 : 200));
  const gone = await receiver(() => 410);
  const hook = async (name: string, { origin }: { origin: string }, events: WebhookEvent[]) => {
    const { webhook } = await store.webhooks.create({
      teamId: store.teamId,
      operator: true,
      webhook: { name, url: `${origin}/hook`, events },
    });
    return webhook.id;
  };
  const all: WebhookEvent[] = [
    "run.state",
    "run.changed",
    "experiment.ended",
    "worker.event",
    "webhook.paused",
  ];
  const ids = [await hook("good", good, all), await hook("weak", weak, all)];
  const lost = await hook("gone", gone, ["experiment.ended"]);

  const { id: experimentId, runs } = await store.experiments.submit({
    teamId: store.teamId,
    spec: { name: "e", modelId: newId("model"), triplets: newId("dataset"), evaluation: [newId("dataset")] },
    runs: [1, 2].map((layers) => ({ spec: { kind: "prune" as const, model: newId("model"), layers } })),
  });
  await store.runs.hold(store.teamId, runs[0].id, "key_1 (dev)");
  await store.experiments.cancel(store.teamId, experimentId);
  await store.holds.drain(store.workerId, { by: "key_1 (ops)" });
  await store.settled();

  const done = new Set([ours]);
  let kills = 0;
  for (;;) {
    // The next life begins a minute later, when what the last one had taken is anybody's again.
    await store.sql("update webhook_delivery set next_at = now() where state = 'PENDING'");
    const life = await openStore({
      databaseUrl: store.databaseUrl,
      bytesRoot: store.bytesRoot,
      poolSize: 3,
      secret: testSecret,
    });
    await life.ping();
    const poster = openPoster({
      webhookOrigins: [good, weak, gone].map(({ origin }) => origin),
      proxy: { http: "", https: "", no: "" },
    });
    const cutting = cutAfterEach(done);
    const sender = startSender({
      store: life,
      poster,
      log: pino({ level: "silent" }),
      everyMs: 5,
      pauses: { first: 0.001, most: 0.001 },
    });
    const quiet = async () => {
      const rows = await deliveries();
      return rows.length > 0 && rows.every(({ state }) => state !== "PENDING");
    };
    // This process is both: what we ask is never what is cut, and fails after the cut.
    while (cutting.cut() === undefined && !(await quiet().catch(() => false))) await sleep(5);
    await sender.stop();
    cutting.restore();
    await poster.close();
    await life.close().catch(() => undefined);
    if (cutting.cut() === undefined) break;
    kills += 1;
    expect(kills).toBeLessThan(60);
  }
  expect(kills).toBeGreaterThan(12);

  const rows = await deliveries();
  // Two runs that were queued and cancelled, one that was held, the end of both, the worker, and the webhook that was paused.
  const types = [
    ...Array.from({ length: 4 }, () => "run.state"),
    "experiment.ended",
    "run.changed",
    "webhook.paused",
    "worker.event",
  ].sort();
  for (const [id, { got }] of [
    [ids[0], good],
    [ids[1], weak],
  ] as const) {
    const own = rows.filter(({ webhook }) => webhook === id);
    expect(own.map(({ type }) => type).sort()).toEqual(types);
    expect(own.every(({ state }) => state === "DELIVERED")).toBe(true);
    expect([...got.keys()].sort()).toEqual(own.map(({ message }) => message).sort());
    for (const { message, body } of own)
      expect([...got.get(message)!].map((text) => JSON.parse(text) as unknown)).toEqual([JSON.parse(body)]);
  }
  expect(rows.filter(({ webhook }) => webhook === lost)).toMatchObject([
    { type: "experiment.ended", state: "FAILED" },
  ]);
  expect(await store.webhooks.get(store.teamId, lost)).toMatchObject({ enabled: false });
});
