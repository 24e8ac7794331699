import { setTimeout as sleep } from "node:timers/promises";
import { backoff, Problem } from "@espalier/contract";
import type { HubLimits } from "./access.ts";

/** A failure that may pass at another try. The message is the first half of a sentence, such as `the hub answered 503`. */
export class Fault extends Error {
  override name = "Fault";
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
  }
}

const longestPause = 60;
/** So many faults in a row are not reported yet. */
const silentFaults = 2;

export interface PatienceOptions {
  limits: HubLimits;
  /** Most faults in a row, asked at each fault. */
  faults: () => number;
  /** What to do when it ends. @default that a later try goes on */
  advice?: string;
  signal: AbortSignal;
  /** Called with a sentence that names the fault and the seconds until the next try. */
  warn?: ((line: string) => void) | undefined;
}

/** How often a request is tried: until too many faults follow one another without progress between them. */
export class Patience {
  readonly #options: PatienceOptions;
  #faults = 0;
  #bytes = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Bytes have arrived. */
  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * Waits before the next try; rethrows an error that would come again at every try.
   * @throws {Problem} `hub/unavailable` when patience ends
   */
  async failed(error: unknown): Promise<void> {
    if (!(error instanceof Fault)) throw error;
    const { limits, signal, warn } = this.#options;
    const { advice = "what has arrived is kept for the next attempt" } = this.#options;
    const { progressBytes, pauseSeconds, waitSeconds } = limits;
    if (this.#bytes >= progressBytes) this.#faults = 0;
    this.#bytes = 0;
    this.#faults += 1;
    const { retryAfter = 0 } = error;
    if (retryAfter > waitSeconds) {
      const detail = `${error.message} and asks to wait ${retryAfter} s; import the model later.`;
      throw new Problem("hub/unavailable", detail, {}, { cause: error });
    }
    if (this.#faults > this.#options.faults()) {
      const detail = `${error.message}, ${this.#faults} times in a row; ${advice}.`;
      throw new Problem("hub/unavailable", detail, {}, { cause: error });
    }
    const pause = backoff(this.#faults, { first: pauseSeconds, most: longestPause });
    // Half of it at random, so that many clients of a server that comes back do not come back at once.
    const seconds = Math.max(retryAfter, pause * (0.5 + Math.random() / 2));
    if (this.#faults > silentFaults || retryAfter > 0)
      warn?.(`${error.message}; the next try is in ${Math.ceil(seconds)} s.`);
    await sleep(seconds * 1000, undefined, { signal });
  }
}

/**
 * Seconds to wait by `Retry-After` (RFC 9110 §10.2.3), or else by the hub's `RateLimit` (`"resolvers";r=0;t=55`,
 * draft-ietf-httpapi-ratelimit-headers).
 */
export function waitAskedFor(
  headers: Readonly<Record<string, string>>,
  now = Date.now(),
): number | undefined {
  const after = headers["retry-after"]?.trim();
  if (after !== undefined && /^\d{1,9}$/.test(after)) return Number(after);
  const date = after?.endsWith(" GMT") ? Date.parse(after) : Number.NaN;
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - now) / 1000));
  const [, seconds] = /(?:^|;)\s*t=(\d{1,9})\s*(?:;|,|$)/.exec(headers["ratelimit"] ?? "") ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}
