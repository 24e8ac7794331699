import { setTimeout as sleep } from "node:timers/promises";
import type { Device } from "@espalier/contract";
import type { Consumer, Delivery, Queue } from "@espalier/queue";

export interface SlotOptions {
  device: Device;
  queue: Pick<Queue, "work">;
  /** Sees a delivery through. Never rejects. */
  take: (delivery: Delivery) => Promise<void>;
  onError: (error: unknown) => void;
}

const againMs = 1_000;

/**
 * One device, which takes the runs of its kind one at a time, while it is open. A slot that closes takes nothing more and
 * finishes what it has; it is a closed doorbell, not a lock: the claim decides in the database.
 */
export class Slot {
  readonly #options: SlotOptions;
  #open = false;
  #ended = false;
  #consumer: Consumer | undefined;
  #settling = false;
  #taking: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get device(): Device {
    return this.#options.device;
  }

  /** A delivery is in its hands. */
  get busy(): boolean {
    return this.#taking !== undefined;
  }

  get isOpen(): boolean {
    return this.#open && !this.#ended;
  }

  set(open: boolean): void {
    if (this.#ended || this.#open === open) return;
    this.#open = open;
    // The one that takes now is told at once; the rest follows.
    if (!open) void this.#consumer?.pause().catch(this.#options.onError);
    if (!this.#settling) void this.#settle();
  }

  /** Takes nothing more, and leaves what it has after the deadline. */
  async end(deadlineMs: number): Promise<void> {
    this.#ended = true;
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.close(deadlineMs);
  }

  /** Makes the consumer what the slot is, one step after another. */
  async #settle(): Promise<void> {
    const { device, queue, onError } = this.#options;
    this.#settling = true;
    while (!this.#ended && this.#open !== (this.#consumer !== undefined)) {
      try {
        if (this.#open) this.#consumer = await queue.work(device.kind, (delivery) => this.#take(delivery));
        else {
          const consumer = this.#consumer!;
          await consumer.pause();
          await this.#taking;
          this.#consumer = undefined;
          await consumer.close(againMs);
        }
      } catch (error) {
        onError(error);
        await sleep(againMs);
      }
    }
    this.#settling = false;
    if (this.#ended) await this.#consumer?.close(0).catch(onError);
  }

  async #take(delivery: Delivery): Promise<void> {
    this.#taking = this.#options.take(delivery);
    try {
      await this.#taking;
    } finally {
      this.#taking = undefined;
    }
  }
}
