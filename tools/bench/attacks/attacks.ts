/**
 * What another team feels of each attack: half the median and the 99th percentile of its requests, and the memory of the API,
 * before, during and after. Then what a cancellation takes beside one event stream and beside a hundred.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, newApiKey, newId, type Client } from "../../../packages/contract/src/index.ts";
import { migrate, openStore, type Store } from "../../../packages/store/src/index.ts";
import { startPostgres } from "../../../test/servers/postgres.ts";

const attackMs = 15_000;
/** What others are to keep. */
const target = 200;
const names = [
  "nothing",
  "wrong keys",
  "streams",
  "wide bodies",
  "bodies as wide as allowed",
  "deep bodies",
  "slow bodies",
];

export async function attacks(): Promise<void> {
  const server = await startPostgres();
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  const api = await startApi(server.url, folder);
  const store = await openStore({ databaseUrl: server.url, bytesRoot: folder });
  try {
    const [attacker, other] = [await keyOf(store, "attackers"), await keyOf(store, "others")];
    const client = createClient({ url: api.url, key: other.key });
    for (const name of names) {
      const before = await memoryOf(api.process);
      const attacking = name === "nothing" ? undefined : await attack(name, api.url, attacker.key);
      const times = await ask(client);
      const during = await memoryOf(api.process);
      const answers = (await attacking?.end()) ?? "nothing";
      const sorted = times.sort((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)];
      console.log(
        `${name}: ${times.length} requests of another team, p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, ${(at(0.99) / target).toFixed(2)} of the target; memory ${before} MB before, ${during} MB during; the attacker got ${answers}`,
      );
    }
    for (const streams of [1, 100])
      console.log(
        `cancel beside ${streams} streams: ${(await cancelBeside(streams, client, store, other)).toFixed(1)} ms`,
      );
  } finally {
    api.process.kill("SIGTERM");
    await once(api.process, "exit");
    await store.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startApi(
  databaseUrl: string,
  folder: string,
): Promise<{ url: string; process: ChildProcess }> {
  await migrate(databaseUrl);
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const child = spawn(process.execPath, ["dist/api.mjs"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: databaseUrl,
      ESPALIER_DATA: folder,
      ESPALIER_PORT: String(port),
      ESPALIER_LOG_LEVEL: "warn",
      ESPALIER_BOOTSTRAP_KEY: newApiKey(),
    },
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(50);
  return { url, process: child };
}

async function keyOf(store: Store, team: string): Promise<{ teamId: string; key: string }> {
  const { id } = await store.teams.ensure(team);
  return { teamId: id, key: (await store.teams.createKey(id, { name: "bench" })).text };
}

/** Milliseconds of each of the requests that somebody sends one after another meanwhile. */
async function ask(client: Client): Promise<number[]> {
  const times: number[] = [];
  await sleep(1_000);
  for (const end = Date.now() + attackMs; Date.now() < end; await sleep(10)) {
    const from = performance.now();
    await client.runs.list({ limit: 20 });
    times.push(performance.now() - from);
  }
  return times;
}

/** Resolves once it attacks; `end` says what it was answered, and how often. */
async function attack(name: string, url: string, key: string): Promise<{ end(): Promise<string> }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "tools/bench/attacks/attacker.ts", name, url, key],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  while (!said.startsWith("ready\n")) await once(child.stdout, "data");
  return {
    async end() {
      child.kill("SIGTERM");
      await once(child, "close");
      return said.slice("ready\n".length).trim();
    },
  };
}

async function memoryOf({ pid }: ChildProcess): Promise<number> {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** The median of 20 cancellations, in ms. */
async function cancelBeside(
  streams: number,
  client: Client,
  store: Store,
  { teamId }: { teamId: string },
): Promise<number> {
  const stop = new AbortController();
  const following = Array.from({ length: streams }, async () => {
    for await (const _ of client.events(stop.signal)) continue;
  });
  await sleep(2_000);
  const times: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { id } = await store.runs.submit({
      teamId,
      spec: { kind: "prune", model: newId("model"), layers: 2 },
      dependsOn: [],
    });
    const from = performance.now();
    await client.runs.cancel(id);
    times.push(performance.now() - from);
  }
  stop.abort();
  await Promise.allSettled(following);
  return times.sort((a, b) => a - b)[10];
}
