export { openDeliveryQueues, type QueueLocation } from "./open.ts";
export type { Consumer, Delivery, DeliveryQueues, QueueOptions } from "./queue.ts";
