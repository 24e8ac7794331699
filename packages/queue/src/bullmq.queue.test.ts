import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startPostgres } from "../../../test/servers/postgres.ts";
import { noRedis, startRedis } from "../../../test/servers/redis.ts";
import { openDeliveryQueues, type QueueLocation } from "./open.ts";
import type { Delivery, Handler, DeliveryQueues, QueueOptions } from "./queue.ts";

interface Server {
  url: string;
  /** Takes the server away. It may forget everything. */
  stop: () => Promise<void>;
  /** Brings it back on the same address. */
  start: () => Promise<void>;
  remove: () => Promise<void>;
}

const holder = fileURLToPath(new URL("../../../test/servers/queue-holder.ts", import.meta.url));

/** The shortest lock that both servers keep in time. */
const lockMs = 1_500;

const delivery = (name: string, dispatch = 1): Delivery => ({ runId: `run_${name}`, dispatch });
const forever = () => new Promise<void>(() => undefined);

/** What the queue promises on every server. */
function testOn(start: () => Promise<Server>, locate: (url: string) => QueueLocation): void {
  let server: Server;
  let queue: DeliveryQueues;
  let opened: DeliveryQueues[] = [];
  let worker = "";
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    worker = `worker${Math.random().toString(36).slice(2)}`;
    queue = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.map((each) => each.close()));
    opened = [];
  });

  /** The same queues, as another process sees them. */
  async function open(options: QueueOptions = {}): Promise<DeliveryQueues> {
    const another = await openDeliveryQueues(locate(server.url), { lockMs, ...options });
    opened.push(another);
    return another;
  }

  /** A consumer in another process takes one delivery and is killed while it holds it. */
  async function takeAndDie(): Promise<void> {
    const input = JSON.stringify({ location: locate(server.url), worker, options: { lockMs } });
    const child = spawn(process.execPath, ["--import", "tsx", holder, input], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Handles everything at once and remembers it. */
  async function collect(from = queue) {
    const seen: Delivery[] = [];
    const consumer = await from.work(worker, async (each) => void seen.push(each));
    return { seen, consumer };
  }

  /** What a new consumer gets of all that was added before, where no other consumer takes part. */
  async function left(): Promise<Delivery[]> {
    const { seen, consumer } = await collect(await open());
    await queue.add(worker, delivery("last"));
    await vi.waitFor(() => expect(seen.at(-1)).toEqual(delivery("last")), 10_000);
    await consumer.close();
    return seen.slice(0, -1);
  }

  it("delivers exactly what was added", async () => {
    const { seen } = await collect();
    await queue.add(worker, delivery("a", 3));
    await vi.waitFor(() => expect(seen).toEqual([{ runId: "run_a", dispatch: 3 }]), 5_000);
  });

  it("delivers in the order in which deliveries were added", async () => {
    const added = ["a", "b", "c", "d", "e", "f"].map((name) => delivery(name));
    for (const each of added) await queue.add(worker, each);
    const { seen } = await collect();
    await vi.waitFor(() => expect(seen).toEqual(added), 5_000);
  });

  it("keeps the queues of two workers apart", async () => {
    await queue.add(`${worker}other`, delivery("there"));
    await queue.add(worker, delivery("here"));
    expect(await left()).toEqual([delivery("here")]);
  });

  it("adds a delivery once, whether it is waiting, in progress or handled", async () => {
    const seen: Delivery[] = [];
    await Promise.all([1, 2, 3].map(() => queue.add(worker, delivery("a"))));
    await queue.work(worker, async (each) => {
      seen.push(each);
      await queue.add(worker, delivery("a"));
    });
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    await queue.add(worker, delivery("b"));
    await vi.waitFor(() => expect(seen).toContainEqual(delivery("b")), 5_000);
    await queue.add(worker, delivery("a"));
    await queue.add(worker, delivery("a", 2));
    await vi.waitFor(() => expect(seen).toContainEqual(delivery("a", 2)), 5_000);
    expect(seen).toEqual([delivery("a"), delivery("b"), delivery("a", 2)]);
  });

  it("gives each delivery to one of several consumers, no matter how they compete", async () => {
    const names = Array.from({ length: 30 }, (_, i) => delivery(String(i)));
    const seen: string[] = [];
    const handle: Handler = async ({ runId }) => {
      seen.push(runId);
      await sleep(5);
    };
    for (const each of [queue, await open()]) await each.work(worker, handle, { concurrency: 2 });
    await Promise.all(names.map((each) => queue.add(worker, each)));
    await vi.waitFor(() => expect(new Set(seen).size).toBe(30), 10_000);
    expect(seen).toHaveLength(30);
  });

  it("handles at most `concurrency` deliveries at a time", async () => {
    let now = 0;
    let most = 0;
    let ended = 0;
    for (const name of ["a", "b", "c", "d", "e"]) await queue.add(worker, delivery(name));
    await queue.work(
      worker,
      async () => {
        most = Math.max(most, ++now);
        await sleep(50);
        now -= 1;
        ended += 1;
      },
      { concurrency: 2 },
    );
    await vi.waitFor(() => expect(ended).toBe(5), 5_000);
    expect(most).toBe(2);
  });

  it("holds a delivery for as long as its handler runs, past its lock", async () => {
    let times = 0;
    let ended = 0;
    await queue.add(worker, delivery("a"));
    for (const each of [queue, await open()])
      await each.work(worker, async () => {
        times += 1;
        await sleep(3 * lockMs);
        ended += 1;
      });
    await vi.waitFor(() => expect(ended).toBe(1), 10_000);
    expect(times).toBe(1);
  });

  it("ends a delivery whose handler throws, and goes on", async () => {
    const seen: string[] = [];
    const errors: Error[] = [];
    const failing = await open({ onError: (error) => errors.push(error) });
    await failing.work(worker, async ({ runId }) => {
      seen.push(runId);
      throw new Error(`no ${runId}`);
    });
    await queue.add(worker, delivery("a"));
    await queue.add(worker, delivery("b"));
    await vi.waitFor(() => expect(seen).toHaveLength(2), 5_000);
    await sleep(2 * lockMs);
    expect(seen).toEqual(["run_a", "run_b"]);
    expect(errors.map(({ message }) => message)).toEqual(["no run_a", "no run_b"]);
  });

  it("drops a job that is no delivery, and says what it was", async () => {
    const errors: Error[] = [];
    const seen: string[] = [];
    const taking = await open({ onError: (error) => errors.push(error) });
    await taking.work(worker, async ({ runId }) => void seen.push(runId));
    await queue.add(worker, { runId: 7, dispatch: 1 } as never);
    await queue.add(worker, { runId: "run_a" } as never);
    await queue.add(worker, delivery("b"));
    await vi.waitFor(() => expect(seen).toEqual(["run_b"]), 5_000);
    expect(errors.map(({ message }) => message)).toEqual([
      'a job that is no delivery was dropped: {"runId":7,"dispatch":1}',
      'a job that is no delivery was dropped: {"runId":"run_a"}',
    ]);
  });

  it("takes no more while paused", async () => {
    const { seen, consumer } = await collect();
    await queue.add(worker, delivery("a"));
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    await consumer.pause();
    await queue.add(worker, delivery("b"));
    const { seen: elsewhere } = await collect(await open());
    await vi.waitFor(() => expect(elsewhere).toEqual([delivery("b")]), 10_000);
    expect(seen).toEqual([delivery("a")]);
  });

  it("waits for a delivery in progress when it closes", async () => {
    const steps: string[] = [];
    await queue.add(worker, delivery("a"));
    const consumer = await queue.work(worker, async (_, signal) => {
      steps.push("start");
      await sleep(400);
      steps.push(signal.aborted ? "aborted" : "end");
    });
    await vi.waitFor(() => expect(steps).toEqual(["start"]), 5_000);
    await consumer.close();
    expect(steps).toEqual(["start", "end"]);
    expect(await left()).toEqual([]);
  });

  it("aborts what is in progress once the deadline has passed", async () => {
    let reason: unknown;
    await queue.add(worker, delivery("a"));
    let started = false;
    const consumer = await queue.work(worker, async (_, signal) => {
      started = true;
      await sleep(60_000, undefined, { signal }).catch(() => (reason = signal.reason));
    });
    await vi.waitFor(() => expect(started).toBe(true), 5_000);
    const before = performance.now();
    await consumer.close(200);
    expect(performance.now() - before).toBeGreaterThan(190);
    expect(performance.now() - before).toBeLessThan(3_000);
    expect(reason).toBeInstanceOf(Error);
    expect(await left()).toEqual([]);
  });

  it("leaves a handler behind that does not end, and delivers again elsewhere", async () => {
    await queue.add(worker, delivery("a"));
    let started = false;
    const stubborn = await open();
    const consumer = await stubborn.work(worker, () => {
      started = true;
      return forever();
    });
    await vi.waitFor(() => expect(started).toBe(true), 5_000);
    const before = performance.now();
    await consumer.close(50);
    expect(performance.now() - before).toBeLessThan(3_000);
    const { seen } = await collect();
    await vi.waitFor(() => expect(seen).toEqual([delivery("a")]), 10_000);
  });

  it("delivers again what a consumer held that died", async () => {
    await queue.add(worker, delivery("a"));
    await takeAndDie();
    const { seen } = await collect();
    await sleep(lockMs / 5);
    expect(seen).toEqual([]);
    await vi.waitFor(() => expect(seen).toEqual([delivery("a")]), 10_000);
  });

  it("says within seconds that the server is away, lets work in progress go on, and mends itself", async () => {
    const seen: string[] = [];
    let signal: AbortSignal | undefined;
    let end: () => void = () => undefined;
    await queue.work(worker, async ({ runId }, given) => {
      seen.push(runId);
      if (runId !== "run_long") return;
      signal = given;
      await new Promise<void>((resolve) => (end = resolve));
    });
    await queue.add(worker, delivery("long"));
    await vi.waitFor(() => expect(seen).toEqual(["run_long"]), 5_000);
    await server.stop();
    const away = expect.objectContaining({ code: "service/unavailable" }) as Error;
    const before = performance.now();
    await expect(queue.add(worker, delivery("meanwhile"))).rejects.toEqual(away);
    await expect(queue.ping()).rejects.toEqual(away);
    expect(performance.now() - before).toBeLessThan(11_000);
    await sleep(lockMs);
    await server.start();
    await vi.waitFor(() => queue.ping(), { timeout: 15_000, interval: 200 });
    await sleep(2 * lockMs);
    expect(signal?.aborted).toBe(false);
    end();
    await queue.add(worker, delivery("after"));
    await vi.waitFor(() => expect(seen).toContain("run_after"), { timeout: 20_000 });
  });

  it("starts to deliver to a consumer that came while the server was away", async () => {
    await queue.ping();
    await server.stop();
    const { seen } = await collect();
    await sleep(1_000);
    await server.start();
    await vi.waitFor(() => queue.add(worker, delivery("a")), { timeout: 15_000, interval: 200 });
    await vi.waitFor(() => expect(seen).toEqual([delivery("a")]), { timeout: 20_000 });
  });
}

describe("the queue on PostgreSQL", () => {
  testOn(startPostgres, (databaseUrl) => ({ databaseUrl }));
});

describe.skipIf(noRedis)(`the queue on Redis${noRedis ? ` (skipped: ${noRedis})` : ""}`, () => {
  // The database is not asked when there is a Redis.
  testOn(startRedis, (redisUrl) => ({ redisUrl, databaseUrl: "postgresql://nobody@127.0.0.1:1/none" }));
});
