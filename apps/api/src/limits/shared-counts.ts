import type { RequestCounts } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";

/** Counts begin anew each minute of the clock. */
export const windowMs = 60_000;
const exchangeMs = 1_000;
/** More names than a minute has honest ones; what comes beyond is not counted, so that counting costs no memory. */
const maxNames = 100_000;

interface Count {
  /** By all APIs, when they were last asked. */
  all: number;
  /** By this one, since then. */
  own: number;
}

/**
 * Counts by name in windows of a minute. All APIs of a pool tell one another once a second, through the database, what they
 * have counted, so that no request waits for it; while the database is away each counts for itself.
 */
export class SharedCounts {
  readonly #store: Pick<RequestCounts, "add">;
  readonly #log: Pick<FastifyBaseLogger, "warn">;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #startsAt = 0;
  #counts = new Map<string, Count>();

  constructor(
    store: Pick<RequestCounts, "add">,
    log: Pick<FastifyBaseLogger, "warn">,
    now: () => number = Date.now,
  ) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => void this.exchange(), exchangeMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Counts once more. Returns how often that was so in this window, and for how long it lasts. */
  add(name: string): { current: number; ttl: number } {
    const count = this.#current().get(name) ?? { all: 0, own: 0 };
    if (this.#counts.size < maxNames) this.#counts.set(name, count);
    count.own += 1;
    return this.read(name);
  }

  read(name: string): { current: number; ttl: number } {
    const { all, own } = this.#current().get(name) ?? { all: 0, own: 0 };
    return { current: all + own, ttl: this.#startsAt + windowMs - this.#now() };
  }

  /** Tells the others what was counted here, and learns what they have counted. */
  async exchange(): Promise<void> {
    const counts = this.#current();
    const startsAt = this.#startsAt;
    const told = new Map([...counts].filter(([, { own }]) => own > 0).map(([name, { own }]) => [name, own]));
    try {
      const news = [...told].map(([name, count]) => ({ name, startsAt, count }));
      for (const { name, count } of await this.#store.add(news)) {
        const known = counts.get(name)!;
        known.own -= told.get(name)!;
        known.all = count;
      }
    } catch (error) {
      this.#log.warn({ err: error }, "the counts of requests were not exchanged; each API counts for itself");
    }
  }

  #current(): Map<string, Count> {
    const startsAt = Math.floor(this.#now() / windowMs) * windowMs;
    if (startsAt !== this.#startsAt) [this.#startsAt, this.#counts] = [startsAt, new Map<string, Count>()];
    return this.#counts;
  }
}
