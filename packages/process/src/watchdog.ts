/** A step may take this many times as long as the median one. */
const factor = 20;

/**
 * Distinguishes a computation that hangs from one that is slow. It counts as hung after 20 times the median gap between signs of
 * progress, and not before `leastSeconds`, however quick the steps were. The lease does not show a hang, because another process renews it.
 */
export class Watchdog {
  readonly #leastSeconds: number;
  readonly #now: () => number;
  readonly #gaps: number[] = [];
  #last: number;

  /** @param now monotonic milliseconds */
  constructor(leastSeconds: number, now: () => number = () => performance.now()) {
    this.#leastSeconds = leastSeconds;
    this.#now = now;
    this.#last = now();
  }

  /** To be called at each sign of progress. */
  sign(): void {
    const now = this.#now();
    this.#gaps.push(now - this.#last);
    if (this.#gaps.length > 101) this.#gaps.shift();
    this.#last = now;
  }

  /** Seconds without progress, once that is too long; undefined while all is well. */
  hungFor(): number | undefined {
    const sorted = [...this.#gaps].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const allowed = Math.max(this.#leastSeconds * 1000, factor * median);
    const silent = this.#now() - this.#last;
    return silent > allowed ? Math.round(silent / 1000) : undefined;
  }
}
