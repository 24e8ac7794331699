/** `attacker.ts NAME URL KEY`: attacks an API until it is killed. Prints how often each status was answered. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { newApiKey } from "../../../packages/contract/src/index.ts";

const [name = "", url = "", key = ""] = process.argv.slice(2);
const statuses = new Map<string | number, number>();
const count = (status: string | number): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);

/** Does something over and over, as often at a time as it is said. */
const flood = (atOnce: number, work: () => Promise<void>): Promise<unknown> =>
  Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (;;) await work().catch(() => count("no answer"));
    }),
  );

async function ask(path: string, init: RequestInit = {}, as = key): Promise<void> {
  const headers = { authorization: `Bearer ${as}`, "content-type": "application/json" };
  const answer = await fetch(`${url}${path}`, { ...init, headers });
  await answer.arrayBuffer();
  count(answer.status);
}

const post = (body: string) => () => ask("/v1/experiments", { method: "POST", body });

/** A body of which the headers come at once and then a byte in each second. */
async function drip(): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  const ended = new Promise((resolve) => socket.on("close", resolve).on("error", resolve));
  socket.write(
    `POST /v1/experiments HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
  );
  const timer = setInterval(() => socket.write(" "), 1_000);
  await ended;
  clearInterval(timer);
  count(answer.split(" ")[1] ?? "closed");
  await sleep(100);
}

/** Opens a stream and reads it for as long as it goes on. */
async function follow(): Promise<void> {
  const answer = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${key}` } });
  count(answer.status);
  if (answer.ok) for await (const _ of answer.body!) continue;
  else await answer.arrayBuffer().then(() => sleep(1_000));
}

const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 75_000 }, (_, i) => [`f${i}`, i])));
const within = JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i])));
const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;

const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
  "wrong keys": () => flood(50, () => ask("/v1/runs", {}, newApiKey())),
  streams: () => flood(300, follow),
  "wide bodies": () => flood(4, post(wide)),
  "bodies as wide as allowed": () => flood(4, post(within)),
  "deep bodies": () => flood(4, post(deep)),
  "slow bodies": () => flood(200, drip),
};

process.on("SIGTERM", () => {
  console.log(JSON.stringify(Object.fromEntries(statuses)));
  process.exit(0);
});
console.log("ready");
await attacks[name]();
