/** No result waits longer than so many seconds while others take runs, however much would have to be computed again. */
const most = 3600;

export interface StorageWaitOptions {
  /** Seconds to wait at least: most folders are back within moments. */
  least: number;
  /** Since when, on `performance.now()`, what was computed would have to be computed again. */
  unsavedSince: number;
  /** Whether another worker of the pool takes runs, whose data folder is well. */
  othersTakeRuns: () => Promise<boolean>;
}

/**
 * How long a finished result waits for a data folder that is away or full. While it is so for the whole pool, nobody could do
 * better, and the result waits for as long as that lasts. Where others take runs, the fault is this host's: the result waits for
 * as long as it would take to compute it again, and then the run is given back, uncharged, for another worker. So waiting and
 * computing again together take at most twice as long as the better of the two.
 */
export class StorageWait {
  readonly #options: StorageWaitOptions;
  readonly #began: number;
  /** In seconds. */
  readonly bound: number;
  #isOver = false;

  constructor(options: StorageWaitOptions, now = performance.now()) {
    this.#options = options;
    this.#began = now;
    this.bound = Math.max(options.least, Math.min(most, (now - options.unsavedSince) / 1000));
  }

  /** Whether the run was given up here. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether to try again. */
  async goesOn(now = performance.now()): Promise<boolean> {
    if (now - this.#began < this.bound * 1000) return true;
    // A database that is away says nothing about the others.
    this.#isOver = await this.#options.othersTakeRuns().catch(() => false);
    return !this.#isOver;
  }
}
