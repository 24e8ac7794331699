import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, Delivery, Queue } from "@espalier/queue";

export interface IntakeOptions {
  /** Name of the worker, whose queue this is. */
  worker: string;
  queue: Pick<Queue, "work">;
  /** Deliveries at a time. */
  concurrency: number;
  /** Sees a delivery through. Never rejects. */
  take: (delivery: Delivery) => Promise<void>;
  onError: (error: unknown) => void;
}

const againMs = 1_000;

/**
 * The ear of a worker: takes the deliveries of its queue while it is open. One that closes takes nothing more and finishes
 * what it has, also when it opens anew meanwhile; it is a closed doorbell, not a lock: the claim decides in the database.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #open = false;
  #ended = false;
  #consumer: Consumer | undefined;
  readonly #retiring = new Set<Consumer>();
  #settling = false;
  readonly #taking = new Set<Promise<void>>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** A delivery is in its hands. */
  get busy(): boolean {
    return this.#taking.size > 0;
  }

  set(open: boolean): void {
    if (this.#ended || this.#open === open) return;
    this.#open = open;
    if (!this.#settling) void this.#settle();
  }

  /** Takes nothing more, and leaves what it has after the deadline. */
  async end(deadlineMs: number): Promise<void> {
    this.#ended = true;
    const consumers = [...this.#retiring, ...(this.#consumer ? [this.#consumer] : [])];
    this.#consumer = undefined;
    await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)));
  }

  /** Makes the consumer what the intake is, one step after another. */
  async #settle(): Promise<void> {
    const { worker, queue, concurrency, onError } = this.#options;
    this.#settling = true;
    while (!this.#ended && this.#open !== (this.#consumer !== undefined)) {
      try {
        if (this.#open)
          this.#consumer = await queue.work(worker, (delivery) => this.#take(delivery), { concurrency });
        else {
          const consumer = this.#consumer!;
          this.#consumer = undefined;
          this.#retiring.add(consumer);
          void this.#retire(consumer);
        }
      } catch (error) {
        onError(error);
        await sleep(againMs);
      }
    }
    this.#settling = false;
    if (this.#ended) await this.#consumer?.close(0).catch(onError);
  }

  /** Closes a consumer when what it has taken is done. */
  async #retire(consumer: Consumer): Promise<void> {
    try {
      await consumer.pause();
      await Promise.all(this.#taking);
      await consumer.close(againMs);
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#retiring.delete(consumer);
    }
  }

  async #take(delivery: Delivery): Promise<void> {
    const taking = this.#options.take(delivery);
    this.#taking.add(taking);
    try {
      await taking;
    } finally {
      this.#taking.delete(taking);
    }
  }
}
