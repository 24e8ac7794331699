import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, type Job, type Queue as BullQueue, type Worker as BullWorker } from "bullmq";
import { isProblem, Problem } from "@espalier/contract";
import { InProgress } from "./in-progress.ts";
import { deliveryId, type Consumer, type Handler, type Queue, type QueueOptions } from "./queue.ts";
import type { Delivery } from "./queue.ts";

export type Producer = BullQueue<Delivery, void>;
export type Processor = (job: Job<Delivery, void>, token?: string) => Promise<void>;

/** The two servers differ in how queues and workers are made, and in nothing else. */
export interface Backend {
  /** Rejects while the server is away, at once or within a second. */
  ready(): Promise<void>;
  producer(name: string): Producer;
  worker(name: string, processor: Processor, settings: WorkerSettings): BullWorker<Delivery, void>;
  close(): Promise<void>;
}

/** A handled delivery is remembered this long, so that adding it again is nothing. Seconds and jobs. */
const remembered = { age: 3_600, count: 1_000 };

export interface WorkerSettings extends ReturnType<typeof workerSettings> {
  concurrency: number;
}

/**
 * A delivery whose consumer died is delivered again after its lock and a sweep or two. That is only a second way: the lease
 * in Postgres decides, and the reconciler delivers by itself; so a delivery may be repeated often before it is dropped.
 */
const workerSettings = (lockMs: number) => ({
  lockDuration: lockMs,
  lockRenewTime: Math.ceil(lockMs / 3),
  stalledInterval: Math.ceil(lockMs / 3),
  maxStalledCount: 4,
  maxStartedAttempts: 50,
  drainDelay: 5,
  autorun: false,
  removeOnComplete: remembered,
  removeOnFail: remembered,
});

/** BullMQ serves priority 0 first and then 1, 2, …; ours are from −1000 to 1000, higher first. */
const bullPriority = (priority: number): number =>
  1_001 - Math.max(-1_000, Math.min(1_000, Math.round(priority)));

/** BullMQ builds keys with colons. */
const queueName = (workerName: string): string => encodeURIComponent(workerName);

/** Longest that a call may take before the server counts as away. */
const callMs = 5_000;

/** The queue on a backend of BullMQ. */
export function createQueue(
  backend: Backend,
  { lockMs = 45_000, onError = () => undefined }: QueueOptions,
): Queue {
  const producers = new Map<string, Promise<Producer>>();
  const consumers = new Set<Consumer>();

  // BullMQ never mends a producer that could not reach the server when it was made: that one is dropped.
  async function makeProducer(name: string): Promise<Producer> {
    await backend.ready();
    const producer = backend.producer(queueName(name)).on("error", onError);
    try {
      await producer.waitUntilReady();
      return producer;
    } catch (error) {
      await producer.close().catch(onError);
      throw error;
    }
  }

  function producerOf(name: string): Promise<Producer> {
    let producer = producers.get(name);
    if (!producer) {
      producer = makeProducer(name);
      producers.set(name, producer);
      producer.catch(() => producers.delete(name));
    }
    return producer;
  }

  async function withProducer<T>(name: string, call: (producer: Producer) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${callMs / 1_000} s`)), callMs);
    });
    try {
      return await Promise.race([producerOf(name).then(call), late]);
    } catch (cause) {
      if (isProblem(cause)) throw cause;
      throw new Problem(
        "service/unavailable",
        "The queue cannot be reached; try again in a moment.",
        {},
        { cause },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async add(workerName, delivery, { priority = 0 } = {}) {
      const { runId, dispatch } = delivery;
      const options = {
        jobId: deliveryId(delivery),
        priority: bullPriority(priority),
        attempts: 1,
        removeOnComplete: remembered,
        removeOnFail: remembered,
      };
      await withProducer(workerName, (producer) => producer.add("run", { runId, dispatch }, options));
    },
    async work(workerName, handler, { concurrency = 1 } = {}) {
      const settings = { ...workerSettings(lockMs), concurrency };
      const consumer = consume({ backend, name: workerName, handler, settings, onError });
      consumers.add(consumer);
      return consumer;
    },
    async remove(workerName, delivery) {
      await withProducer(workerName, async (producer) => {
        const job = await producer.getJob(deliveryId(delivery));
        if (!job || (await job.isActive())) return;
        // One that was taken this moment is locked and refuses; that is right.
        await job.remove().catch(() => undefined);
      });
    },
    async counts(workerName) {
      const counts = await withProducer(workerName, (producer) =>
        producer.getJobCounts("waiting", "prioritized", "delayed", "active"),
      );
      const { waiting = 0, prioritized = 0, delayed = 0, active = 0 } = counts as Record<string, number>;
      return { waiting: waiting + prioritized + delayed, active };
    },
    async ping() {
      await withProducer("ping", (producer) => producer.getJobCounts("waiting"));
    },
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.close(0)));
      const made = await Promise.allSettled(producers.values());
      await Promise.all(made.flatMap((each) => (each.status === "fulfilled" ? [each.value.close()] : [])));
      await backend.close();
    },
  };
}

interface ConsumeInput {
  backend: Backend;
  name: string;
  handler: Handler;
  settings: WorkerSettings;
  onError: (error: Error) => void;
}

/** Milliseconds between tries to start a consumer while the server is away. */
const startAgainMs = 1_000;

function consume({ backend, name, handler, settings, onError }: ConsumeInput): Consumer {
  const inProgress = new InProgress(handler, onError);
  const leaving = new AbortController();
  let taking = true;
  let worker: BullWorker<Delivery, void> | undefined;
  const process: Processor = async (job, token) => {
    if (!taking) {
      // It was being fetched while the consumer paused: another one may have it at once.
      await job.moveToDelayed(Date.now(), token);
      throw new DelayedError();
    }
    await inProgress.handle(job.data);
  };
  // BullMQ never mends a worker that could not reach the server when it was made: that one is dropped.
  const start = async (): Promise<void> => {
    while (taking) {
      const next = backend.worker(queueName(name), process, settings).on("error", onError);
      worker = next;
      try {
        await next.waitUntilReady();
        if (taking) next.run().catch(onError);
        return;
      } catch {
        await next.close(true).catch(onError);
        await sleep(startAgainMs, undefined, { signal: leaving.signal }).catch(() => undefined);
      }
    }
  };
  void start();
  const pause = async (): Promise<void> => {
    taking = false;
    await worker?.pause(true);
  };
  let closed: Promise<void> | undefined;
  return {
    pause,
    close(deadlineMs = 30_000) {
      closed ??= (async () => {
        await pause();
        leaving.abort();
        const left = await inProgress.leave(deadlineMs);
        await worker?.close(left === "busy" || !worker.isRunning());
      })();
      return closed;
    },
  };
}
