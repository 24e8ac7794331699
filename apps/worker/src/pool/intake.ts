import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, Delivery, DeliveryQueues } from "@espalier/queue";

export interface IntakeOptions {
  /** Name of the worker, whose queue this is. */
  worker: string;
  queue: Pick<DeliveryQueues, "work">;
  /** Deliveries at a time. */
  concurrency: number;
  /** Handles a delivery to its end. Never rejects. */
  take: (delivery: Delivery) => Promise<void>;
  onError: (error: unknown) => void;
}

const againMs = 1_000;

/**
 * Takes the deliveries of a worker's queue while it is open. When it closes it takes nothing more and finishes what it has,
 * also when it opens again before that. It keeps deliveries away and is no lock: the claim in the database decides.
 */
export class Intake {
  readonly #options: IntakeOptions;
  #open = false;
  #ended = false;
  #consumer: Consumer | undefined;
  readonly #retiring = new Set<Consumer>();
  #changing = false;
  readonly #taking = new Set<Promise<void>>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Whether it handles a delivery now. */
  get busy(): boolean {
    return this.#taking.size > 0;
  }

  set(open: boolean): void {
    if (this.#ended || this.#open === open) return;
    this.#open = open;
    if (!this.#changing) void this.#change();
  }

  /** Takes nothing more, and gives up what is not done by the deadline. */
  async end(deadlineMs: number): Promise<void> {
    this.#ended = true;
    const consumers = [...this.#retiring, ...(this.#consumer ? [this.#consumer] : [])];
    this.#consumer = undefined;
    await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)));
  }

  /** Makes the consumer what the intake is, one step after another. */
  async #change(): Promise<void> {
    const { worker, queue, concurrency, onError } = this.#options;
    this.#changing = true;
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
    this.#changing = false;
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
