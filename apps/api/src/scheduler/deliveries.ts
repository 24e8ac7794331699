import type { Delivery } from "@espalier/store";

export interface DeliveriesOptions {
  ring: (delivery: Delivery) => Promise<void>;
  /** Called when the queue did not take a delivery, with how many wait for it now; once until it takes one again. */
  onAway: (error: unknown, waiting: number) => void;
}

/**
 * Deliveries on their way to the queue. What the queue does not take waits here and is tried again, so that workers hear of
 * their runs as soon as the queue is back. It may be forgotten: the reconciler delivers again what nobody has claimed.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #waiting = new Map<string, Delivery>();
  #away = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Delivers these, after those that wait. Never rejects. */
  async deliver(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) this.#waiting.set(delivery.runId, delivery);
    await this.retry();
  }

  /** Tries those that wait, until the queue does not take one. Never rejects. */
  async retry(): Promise<void> {
    const { ring, onAway } = this.#options;
    for (const [runId, delivery] of this.#waiting) {
      this.#waiting.delete(runId);
      try {
        await ring(delivery);
        this.#away = false;
      } catch (error) {
        // Last now, so that one that is never taken keeps none of the others.
        this.#waiting.set(runId, delivery);
        if (!this.#away) onAway(error, this.#waiting.size);
        this.#away = true;
        return;
      }
    }
  }
}
