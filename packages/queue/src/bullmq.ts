import { setTimeout as sleep } from "node:timers/promises";
import { WaitingError, type Job, type Queue as BullQueue, type Worker as BullWorker } from "bullmq";
import { isProblem, Problem } from "@espalier/contract";
import { InProgress } from "./in-progress.ts";
import {
  deliveryId,
  type Consumer,
  type Delivery,
  type Handler,
  type DeliveryQueues,
  type QueueOptions,
} from "./queue.ts";

export type Producer = BullQueue<Delivery, void>;
export type Processor = (job: Job<Delivery, void>, token?: string) => Promise<void>;

/** The server that BullMQ runs on. The two servers differ in how queues and workers are made, and in nothing else. */
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
 * A delivery whose consumer died is delivered again after its lock has run out and one or two sweeps have passed. The run does
 * not depend on that: its lease in Postgres decides, and the reconciler delivers again by itself. So it does no harm that
 * BullMQ repeats a delivery often before it drops it.
 */
const workerSettings = (lockMs: number) => ({
  lockDuration: lockMs,
  lockRenewTime: Math.ceil(lockMs / 3),
  stalledInterval: Math.ceil(lockMs / 3),
  maxStalledCount: 4,
  maxStartedAttempts: 50,
  drainDelay: 5,
  // After an error, such as a server that was away, a consumer fetches again this soon; BullMQ would wait for 15 s.
  runRetryDelay: 1_000,
  autorun: false,
  removeOnComplete: remembered,
  removeOnFail: remembered,
});

/** BullMQ builds keys with colons. */
const queueName = (workerName: string): string => encodeURIComponent(workerName);

/** Longest that a call may take before the server counts as away. */
const callMs = 5_000;

/** The queue on a backend of BullMQ. */
export function createQueue(
  backend: Backend,
  { lockMs = 45_000, onError = () => undefined }: QueueOptions,
): DeliveryQueues {
  const producers = new Map<string, Promise<Producer>>();
  const consumers = new Set<Consumer>();

  // A BullMQ producer that could not reach the server when it was made never recovers, so it is dropped.
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
    async add(workerName, delivery) {
      const { runId, dispatch } = delivery;
      const options = {
        jobId: deliveryId(delivery),
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
      // The job was being fetched while the consumer paused. Another consumer may have it at once, whatever its host's clock says.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    await inProgress.handle(job.data);
  };
  // A BullMQ worker that could not reach the server when it was made never recovers, so it is dropped.
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
