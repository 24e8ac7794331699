export { openQueue, type QueueLocation } from "./open.ts";
export { createMemoryBroker, type MemoryBroker, type MemoryQueue } from "./memory.ts";
export type { Consumer, Counts, Delivery, Handler, Queue, QueueOptions, WorkOptions } from "./queue.ts";
