// Takes one delivery and holds it until it is killed; says when it has it.
import { openDeliveryQueues, type QueueLocation, type QueueOptions } from "@espalier/queue";

const { location, worker, options } = JSON.parse(process.argv[2] ?? "") as {
  location: QueueLocation;
  worker: string;
  options: QueueOptions;
};
const queue = await openDeliveryQueues(location, options);
await queue.work(worker, () => {
  console.log("taken");
  return new Promise(() => undefined);
});
