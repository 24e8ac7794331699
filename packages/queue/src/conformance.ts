import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Delivery, Queue, QueueOptions } from "./queue.ts";

/** A queue server with its data, for one suite. */
export interface QueueServer {
  /** Another process's view of the same queues. */
  open(options: QueueOptions): Promise<Queue>;
  /** A consumer elsewhere takes one delivery and is killed while it holds it. */
  takeAndDie(worker: string, options: QueueOptions): Promise<void>;
  /** Takes the server away and brings it back on the same address. It may have forgotten everything. */
  down(): Promise<void>;
  up(): Promise<void>;
}

const delivery = (name: string, dispatch = 1): Delivery => ({ runId: `run_${name}`, dispatch });
const forever = () => new Promise<void>(() => undefined);

/** What every queue promises. `lockMs` is the shortest lock that the server keeps in time. */
export function testQueue(title: string, server: QueueServer, lockMs = 1_500): void {
  describe(title, () => {
    let queue: Queue;
    let opened: Queue[];
    let lane = "";
    const openQueue = async () => {
      const another = await server.open({ lockMs });
      opened.push(another);
      return another;
    };

    beforeEach(async () => {
      opened = [];
      lane = `class${Math.random().toString(36).slice(2)}`;
      queue = await openQueue();
    });
    afterEach(() => Promise.all(opened.map((each) => each.close())).then(() => undefined));

    /** Handles everything at once and remembers it. */
    const collect = async (from = queue) => {
      const seen: Delivery[] = [];
      const consumer = await from.work(lane, async (each) => void seen.push(each));
      return { seen, consumer };
    };
    const idle = () =>
      vi.waitFor(async () => expect(await queue.counts(lane)).toEqual({ waiting: 0, active: 0 }), {
        timeout: 5_000,
      });

    it("delivers exactly what was added", async () => {
      const { seen } = await collect();
      await queue.add(lane, delivery("a", 3));
      await vi.waitFor(() => expect(seen).toEqual([{ runId: "run_a", dispatch: 3 }]), 5_000);
    });

    it("delivers the highest priority first, and in order within one", async () => {
      const priorities = { low: -1000, a: 0, b: 0, high: 1000, c: undefined, mid: 1 };
      for (const [name, priority] of Object.entries(priorities))
        await queue.add(lane, delivery(name), priority === undefined ? {} : { priority });
      const { seen } = await collect();
      await vi.waitFor(() => expect(seen).toHaveLength(6), 5_000);
      expect(seen.map(({ runId }) => runId.slice(4))).toEqual(["high", "mid", "a", "b", "c", "low"]);
    });

    it("keeps classes of devices apart", async () => {
      const { seen } = await collect();
      await queue.add(`${lane}other`, delivery("there"));
      await queue.add(lane, delivery("here"));
      await idle();
      expect(seen).toEqual([delivery("here")]);
    });

    it("adds a delivery once, whether it is waiting, in progress or handled", async () => {
      const seen: Delivery[] = [];
      await Promise.all([1, 2, 3].map(() => queue.add(lane, delivery("a"))));
      expect(await queue.counts(lane)).toEqual({ waiting: 1, active: 0 });
      await queue.work(lane, async (each) => {
        seen.push(each);
        await queue.add(lane, delivery("a"));
      });
      await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
      await idle();
      await queue.add(lane, delivery("a"));
      await queue.add(lane, delivery("a", 2));
      await vi.waitFor(() => expect(seen).toContainEqual(delivery("a", 2)), 5_000);
      expect(seen).toEqual([delivery("a"), delivery("a", 2)]);
    });

    it("gives each delivery to one of several consumers, no matter how they compete", async () => {
      const names = Array.from({ length: 30 }, (_, i) => delivery(String(i)));
      const seen: string[] = [];
      for (const each of [queue, await openQueue()])
        await each.work(
          lane,
          async ({ runId }) => {
            seen.push(runId);
            await sleep(5);
          },
          { concurrency: 2 },
        );
      await Promise.all(names.map((each) => queue.add(lane, each)));
      await vi.waitFor(() => expect(seen).toHaveLength(30), 10_000);
      await idle();
      expect(new Set(seen).size).toBe(30);
      expect(seen).toHaveLength(30);
    });

    it("handles at most `concurrency` deliveries at a time", async () => {
      let now = 0;
      let most = 0;
      for (const name of ["a", "b", "c", "d", "e"]) await queue.add(lane, delivery(name));
      await queue.work(
        lane,
        async () => {
          most = Math.max(most, ++now);
          await sleep(50);
          now -= 1;
        },
        { concurrency: 2 },
      );
      await idle();
      expect(most).toBe(2);
    });

    it("holds a delivery for as long as its handler runs, past its lock", async () => {
      let times = 0;
      await queue.add(lane, delivery("a"));
      for (const each of [queue, await openQueue()])
        await each.work(lane, async () => {
          times += 1;
          await sleep(3 * lockMs);
        });
      await sleep(2.5 * lockMs);
      expect(await queue.counts(lane)).toEqual({ waiting: 0, active: 1 });
      await idle();
      expect(times).toBe(1);
    });

    it("ends a delivery whose handler throws, and goes on", async () => {
      const seen: string[] = [];
      const errors: Error[] = [];
      const failing = await server.open({ lockMs, onError: (error) => errors.push(error) });
      opened.push(failing);
      await failing.work(lane, async ({ runId }) => {
        seen.push(runId);
        throw new Error(`no ${runId}`);
      });
      await queue.add(lane, delivery("a"));
      await queue.add(lane, delivery("b"));
      await vi.waitFor(() => expect(seen).toHaveLength(2), 5_000);
      await idle();
      await sleep(2 * lockMs);
      expect(seen).toEqual(["run_a", "run_b"]);
      expect(errors.map(({ message }) => message)).toEqual(["no run_a", "no run_b"]);
    });

    it("drops a job that is no delivery, and says what it was", async () => {
      const errors: Error[] = [];
      const seen: string[] = [];
      const taking = await server.open({ lockMs, onError: (error) => errors.push(error) });
      opened.push(taking);
      await taking.work(lane, async ({ runId }) => void seen.push(runId));
      await queue.add(lane, { runId: 7, dispatch: 1 } as never);
      await queue.add(lane, { runId: "run_a" } as never);
      await queue.add(lane, delivery("b"));
      await vi.waitFor(() => expect(seen).toEqual(["run_b"]), 5_000);
      await idle();
      expect(errors.map(({ message }) => message)).toEqual([
        'a job that is no delivery was dropped: {"runId":7,"dispatch":1}',
        'a job that is no delivery was dropped: {"runId":"run_a"}',
      ]);
    });

    it("takes no more while paused", async () => {
      const { seen, consumer } = await collect();
      await queue.add(lane, delivery("a"));
      await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
      await consumer.pause();
      await queue.add(lane, delivery("b"));
      await sleep(500);
      expect(seen).toHaveLength(1);
      const { seen: elsewhere } = await collect(await openQueue());
      await vi.waitFor(() => expect(elsewhere).toEqual([delivery("b")]), 10_000);
    });

    it("waits for a delivery in progress when it closes", async () => {
      const steps: string[] = [];
      await queue.add(lane, delivery("a"));
      const consumer = await queue.work(lane, async (_, signal) => {
        steps.push("start");
        await sleep(400);
        steps.push(signal.aborted ? "aborted" : "end");
      });
      await vi.waitFor(() => expect(steps).toEqual(["start"]), 5_000);
      await consumer.close();
      expect(steps).toEqual(["start", "end"]);
      expect(await queue.counts(lane)).toEqual({ waiting: 0, active: 0 });
    });

    it("aborts what is in progress once the deadline has passed", async () => {
      let reason: unknown;
      await queue.add(lane, delivery("a"));
      let started = false;
      const consumer = await queue.work(lane, async (_, signal) => {
        started = true;
        await sleep(60_000, undefined, { signal }).catch(() => (reason = signal.reason));
      });
      await vi.waitFor(() => expect(started).toBe(true), 5_000);
      const before = performance.now();
      await consumer.close(200);
      expect(performance.now() - before).toBeGreaterThan(190);
      expect(performance.now() - before).toBeLessThan(3_000);
      expect(reason).toBeInstanceOf(Error);
      expect(await queue.counts(lane)).toEqual({ waiting: 0, active: 0 });
    });

    it("leaves a handler behind that does not end, and delivers again elsewhere", async () => {
      await queue.add(lane, delivery("a"));
      let started = false;
      const stubborn = await openQueue();
      const consumer = await stubborn.work(lane, () => {
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
      await queue.add(lane, delivery("a"));
      await server.takeAndDie(lane, { lockMs });
      const { seen } = await collect();
      await sleep(lockMs / 5);
      expect(seen).toEqual([]);
      await vi.waitFor(() => expect(seen).toEqual([delivery("a")]), 10_000);
    });

    it("takes a waiting delivery back, and lets it be added again", async () => {
      await queue.add(lane, delivery("a"));
      await queue.add(lane, delivery("b"));
      await queue.remove(lane, delivery("a"));
      await queue.remove(lane, delivery("unknown"));
      expect(await queue.counts(lane)).toEqual({ waiting: 1, active: 0 });
      await queue.add(lane, delivery("a"));
      const { seen } = await collect();
      await vi.waitFor(() => expect(seen).toEqual([delivery("b"), delivery("a")]), 5_000);
    });

    it("counts what waits and what is in progress, and does not take back the latter", async () => {
      let end: () => void = () => undefined;
      for (const name of ["a", "b", "c"]) await queue.add(lane, delivery(name));
      await queue.work(lane, () => new Promise<void>((resolve) => (end = resolve)));
      await vi.waitFor(
        async () => expect(await queue.counts(lane)).toEqual({ waiting: 2, active: 1 }),
        5_000,
      );
      await queue.remove(lane, delivery("a"));
      expect(await queue.counts(lane)).toEqual({ waiting: 2, active: 1 });
      end();
      await vi.waitFor(
        async () => expect(await queue.counts(lane)).toEqual({ waiting: 1, active: 1 }),
        5_000,
      );
    });

    it("says within seconds that the server is away, lets work in progress go on, and mends itself", async () => {
      const seen: string[] = [];
      let signal: AbortSignal | undefined;
      let end: () => void = () => undefined;
      await queue.work(lane, async ({ runId }, given) => {
        seen.push(runId);
        if (runId !== "run_long") return;
        signal = given;
        await new Promise<void>((resolve) => (end = resolve));
      });
      await queue.add(lane, delivery("long"));
      await vi.waitFor(() => expect(seen).toEqual(["run_long"]), 5_000);
      await server.down();
      const away = expect.objectContaining({ code: "service/unavailable" }) as Error;
      const before = performance.now();
      await expect(queue.add(lane, delivery("meanwhile"))).rejects.toEqual(away);
      await expect(queue.ping()).rejects.toEqual(away);
      expect(performance.now() - before).toBeLessThan(11_000);
      await sleep(lockMs);
      await server.up();
      await vi.waitFor(() => queue.ping(), { timeout: 15_000, interval: 200 });
      await sleep(2 * lockMs);
      expect(signal?.aborted).toBe(false);
      end();
      await queue.add(lane, delivery("after"));
      await vi.waitFor(() => expect(seen).toContain("run_after"), { timeout: 20_000 });
    });

    it("starts to deliver to a consumer that came while the server was away", async () => {
      await queue.ping();
      await server.down();
      const { seen } = await collect();
      await sleep(1_000);
      await server.up();
      await vi.waitFor(() => queue.add(lane, delivery("a")), { timeout: 15_000, interval: 200 });
      await vi.waitFor(() => expect(seen).toEqual([delivery("a")]), { timeout: 20_000 });
    });
  });
}
