import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "@espalier/store";
import type { FastifyBaseLogger } from "fastify";

/** How often the keys of what stays open are looked up; an ended key's streams end within this time and a query. */
const everyMs = 2_000;

/**
 * Looks up again and again the keys with which something was opened that stays open, such as a stream of events, and says when one of
 * them was revoked or has ended. One query asks for all, also for keys that were revoked through another API.
 */
export class KeyWatch {
  readonly #teams: Pick<Store["teams"], "validKeys">;
  readonly #log: Pick<FastifyBaseLogger, "warn">;
  /** What to call for each key. */
  readonly #ends = new Map<string, Set<() => void>>();
  #looking = false;

  constructor(teams: Pick<Store["teams"], "validKeys">, log: Pick<FastifyBaseLogger, "warn">) {
    this.#teams = teams;
    this.#log = log;
  }

  /**
   * Calls `end` once when the key opens nothing any more.
   * @returns a function that ends the watch
   */
  follow(keyId: string, end: () => void): () => void {
    const ends = this.#ends.get(keyId) ?? new Set();
    ends.add(end);
    this.#ends.set(keyId, ends);
    if (!this.#looking) void this.#lookAgainAndAgain();
    return () => {
      ends.delete(end);
      if (ends.size === 0 && this.#ends.get(keyId) === ends) this.#ends.delete(keyId);
    };
  }

  async #lookAgainAndAgain(): Promise<void> {
    this.#looking = true;
    while (this.#ends.size > 0) {
      await sleep(everyMs, undefined, { ref: false });
      await this.#look();
    }
    this.#looking = false;
  }

  async #look(): Promise<void> {
    try {
      const followed = [...this.#ends.keys()];
      const valid = await this.#teams.validKeys(followed);
      for (const keyId of followed.filter((each) => !valid.has(each))) {
        const ends = this.#ends.get(keyId) ?? [];
        this.#ends.delete(keyId);
        for (const end of ends) end();
      }
    } catch (error) {
      // While the database is away nothing is told to the streams either.
      this.#log.warn({ err: error }, "the keys of open streams could not be looked up; they are again soon");
    }
  }
}
