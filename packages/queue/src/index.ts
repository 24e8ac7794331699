export { openQueue, type QueueLocation } from "./open.ts";
export type { Consumer, Delivery, Queue, QueueOptions } from "./queue.ts";
