export { openDeliveryQueues, type QueueLocation } from "./open.ts";
export { prepareDeliveryQueues } from "./postgres.ts";
export type { Consumer, Delivery, DeliveryQueues, QueueOptions } from "./queue.ts";
