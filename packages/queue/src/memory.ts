import { Problem } from "@espalier/contract";
import { InProgress } from "./in-progress.ts";
import { deliveryId, type Delivery, type Queue, type QueueOptions } from "./queue.ts";

/** A queue server inside the process; gone with it. */
export interface MemoryBroker {
  open(options?: QueueOptions): MemoryQueue;
  /** While down, calls reject and nothing is delivered. */
  setDown(down: boolean): void;
}

export interface MemoryQueue extends Queue {
  /** Vanishes as a killed process does: what its consumers hold is delivered again once its lock has run out. */
  die(): void;
}

interface Waiting {
  delivery: Delivery;
  priority: number;
  order: number;
}

interface Taker {
  free: number;
  take: (entry: Waiting) => void;
}

interface Lane {
  waiting: Waiting[];
  active: Map<string, Waiting>;
  /** Ids that were ever added; a broker lives as long as a test. */
  known: Set<string>;
  takers: Set<Taker>;
}

export function createMemoryBroker(): MemoryBroker {
  const lanes = new Map<string, Lane>();
  let down = false;
  let added = 0;

  const laneOf = (worker: string): Lane => {
    let lane = lanes.get(worker);
    if (!lane)
      lanes.set(worker, (lane = { waiting: [], active: new Map(), known: new Set(), takers: new Set() }));
    return lane;
  };
  const reach = (worker: string): Lane => {
    if (down) throw new Problem("service/unavailable", "The queue cannot be reached; try again in a moment.");
    return laneOf(worker);
  };
  const put = (lane: Lane, entry: Waiting): void => {
    lane.waiting.push(entry);
    lane.waiting.sort((a, b) => b.priority - a.priority || a.order - b.order);
    serve(lane);
  };
  const serve = (lane: Lane): void => {
    for (const taker of lane.takers)
      while (!down && taker.free > 0 && lane.waiting.length > 0) {
        const entry = lane.waiting.shift()!;
        lane.active.set(deliveryId(entry.delivery), entry);
        taker.take(entry);
      }
  };

  function open({ lockMs = 45_000, onError = () => undefined }: QueueOptions = {}): MemoryQueue {
    const consumers = new Set<{ close: (deadlineMs: number) => Promise<void>; die: () => void }>();
    return {
      async add(worker, { runId, dispatch }, { priority = 0 } = {}) {
        const lane = reach(worker);
        const id = deliveryId({ runId, dispatch });
        if (lane.known.has(id)) return;
        lane.known.add(id);
        put(lane, { delivery: { runId, dispatch }, priority, order: added++ });
      },
      async work(worker, handler, { concurrency = 1 } = {}) {
        const lane = laneOf(worker);
        const inProgress = new InProgress(handler, onError);
        const held = new Map<string, Waiting>();
        let dead = false;
        const taker: Taker = {
          free: concurrency,
          take: (entry) => {
            taker.free -= 1;
            const id = deliveryId(entry.delivery);
            held.set(id, entry);
            void inProgress.handle(entry.delivery).then(() => {
              taker.free += 1;
              if (dead) return;
              held.delete(id);
              lane.active.delete(id);
              serve(lane);
            });
          },
        };
        const die = (): void => {
          if (dead) return;
          dead = true;
          lane.takers.delete(taker);
          const expire = (): void => {
            for (const [id, entry] of held) if (lane.active.delete(id)) put(lane, entry);
          };
          if (held.size > 0) setTimeout(expire, lockMs).unref();
        };
        const consumer = {
          die,
          async pause() {
            lane.takers.delete(taker);
          },
          async close(deadlineMs = 30_000) {
            lane.takers.delete(taker);
            await inProgress.leave(deadlineMs);
            die();
          },
        };
        lane.takers.add(taker);
        consumers.add(consumer);
        serve(lane);
        return consumer;
      },
      async remove(worker, delivery) {
        const lane = reach(worker);
        const at = lane.waiting.findIndex((entry) => deliveryId(entry.delivery) === deliveryId(delivery));
        if (at < 0) return;
        lane.waiting.splice(at, 1);
        lane.known.delete(deliveryId(delivery));
      },
      async counts(worker) {
        const lane = reach(worker);
        return { waiting: lane.waiting.length, active: lane.active.size };
      },
      async ping() {
        reach("ping");
      },
      async close() {
        await Promise.all([...consumers].map((consumer) => consumer.close(0)));
      },
      die() {
        for (const consumer of consumers) consumer.die();
      },
    };
  }

  return {
    open,
    setDown(next) {
      down = next;
      for (const lane of lanes.values()) serve(lane);
    },
  };
}
