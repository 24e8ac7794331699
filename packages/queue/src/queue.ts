/** What a job carries, and nothing more: the run is in Postgres. `dispatch` numbers the deliveries of a run. */
export interface Delivery {
  runId: string;
  dispatch: number;
}

/**
 * Handles one delivery. Its end, also by throwing, ends the delivery: a queue never retries, because Postgres decides what
 * becomes of the run. `signal` aborts when the consumer closes and its deadline has passed. Nothing aborts when a queue
 * forgets a delivery that is in progress: the lease in Postgres says whether the work may go on.
 */
export type Handler = (delivery: Delivery, signal: AbortSignal) => Promise<void>;

export interface WorkOptions {
  /** Deliveries at a time; default 1. */
  concurrency?: number;
}

/** Takes deliveries of one worker's queue until it is closed. */
export interface Consumer {
  /** Takes no more; deliveries in progress go on. */
  pause(): Promise<void>;
  /**
   * Takes no more, waits up to `deadlineMs` (default 30,000) for those in progress, then aborts their signals and leaves.
   * A handler that goes on nevertheless loses its delivery to another consumer.
   */
  close(deadlineMs?: number): Promise<void>;
}

export interface QueueOptions {
  /** Milliseconds after which a delivery of a consumer that died is given to another, at the earliest; default 45,000. */
  lockMs?: number;
  /** Called with errors of connections, which mend themselves, of handlers, and of jobs that are no deliveries. */
  onError?: (error: Error) => void;
}

/**
 * A doorbell, not the truth: it may lose or repeat deliveries, and the run in Postgres decides what a delivery is worth. Each
 * worker has a queue of its own, by its name. Calls reject with `service/unavailable` within seconds while the server is away.
 */
export interface DeliveryQueues {
  /**
   * Adds a delivery once: the same (runId, dispatch) again adds nothing, also in the hour after it was handled. Deliveries
   * are taken in the order in which they were added.
   */
  add(worker: string, delivery: Delivery): Promise<void>;
  work(worker: string, handler: Handler, options?: WorkOptions): Promise<Consumer>;
  /** Rejects while the server is away. */
  ping(): Promise<void>;
  /** Closes every consumer at once, and every connection. */
  close(): Promise<void>;
}

/** Id of the job that carries a delivery. BullMQ allows no colon in it. */
export const deliveryId = ({ runId, dispatch }: Delivery): string => `${runId}-${dispatch}`;
