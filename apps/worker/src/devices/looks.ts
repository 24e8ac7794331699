import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming } from "@espalier/contract";

export interface LooksOptions {
  /** Looks once; false when nothing could be seen. Never rejects. */
  look: () => Promise<boolean>;
  /** Seconds between two looks; default: those between two heartbeats. */
  everySeconds?: number | undefined;
}

/** Looks at something every few seconds, and only once at a time, however many parts of the worker want to know. */
export class Looks {
  readonly #options: LooksOptions;
  readonly #stopped = new AbortController();
  #looking: Promise<void> | undefined;
  #lookedAt = -Infinity;

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** Looks now, unless the last look was less than `maxAgeSeconds` ago. Never rejects. */
  async fresh(maxAgeSeconds: number): Promise<void> {
    if (performance.now() - this.#lookedAt <= maxAgeSeconds * 1000) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Looks again and again, until it is stopped. */
  async watch(): Promise<void> {
    const { everySeconds = leaseTiming.heartbeat } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.fresh(0);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #look(): Promise<void> {
    if (await this.#options.look()) this.#lookedAt = performance.now();
  }
}
