import { testQueue, type QueueServer } from "./conformance.ts";
import { createMemoryBroker } from "./memory.ts";

const broker = createMemoryBroker();

const server: QueueServer = {
  open: async (options) => broker.open(options),
  takeAndDie: async (worker, options) => {
    const queue = broker.open(options);
    await new Promise<void>((resolve) => {
      void queue.work(worker, () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    queue.die();
  },
  down: async () => broker.setDown(true),
  up: async () => broker.setDown(false),
};

testQueue("the queue in memory", server, 100);
