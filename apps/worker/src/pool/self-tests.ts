import { backoff, isProblem, type Backoff } from "@espalier/contract";
import type { BeatAnswer, Store } from "@espalier/store";
import type { Slot } from "./slot.ts";

export interface SelfTestsOptions {
  holds: Pick<Store["holds"], "tested">;
  slots: readonly Slot[];
  /** Whether the host has what every computation needs. */
  isHostReady: () => boolean;
  /** Tests the device at a position. Rejects when the test fails, or the signal aborts it. */
  test: (position: number, signal: AbortSignal) => Promise<void>;
  onError: (error: unknown) => void;
  onChange: (what: string, facts: object) => void;
  /** Seconds before a test: the first pause after the first hold, doubled by each hold in a row and each test that failed. */
  pauses?: Backoff;
  /** Tests that fail before the device is left to an operator; default 10, which are about half an hour. */
  tries?: number;
}

/** A device that is held for failures. */
interface Trial {
  /** How often it was held in a row. */
  times: number;
  failed: number;
  timer?: NodeJS.Timeout;
}

/** A device on which a run still computes, whose host is not ready, or whose result could not be reported, is tested this much later. */
const laterSeconds = 5;

/**
 * Tests the devices that are held because runs failed on them, and reports how it went: a test that passes ends the hold. A
 * device that keeps failing its tests is left to an operator; a worker that is started anew tests it again.
 */
export class SelfTests {
  readonly #options: Required<SelfTestsOptions>;
  readonly #trials = new Map<number, Trial>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: SelfTestsOptions) {
    this.#options = { pauses: { first: 2, most: 600 }, tries: 10, ...options };
  }

  /** To be called with the answer of each heartbeat. */
  ordered({ holds }: Pick<BeatAnswer, "holds">): void {
    for (const [position, { device }] of this.#options.slots.entries()) {
      const hold = holds.find(({ deviceId, cause }) => deviceId === device.id && cause === "failures");
      const times = hold && (hold.times ?? 1);
      const known = this.#trials.get(position);
      if (known && known.times !== times) {
        clearTimeout(known.timer);
        this.#trials.delete(position);
      }
      if (times === undefined || this.#trials.has(position)) continue;
      const trial: Trial = { times, failed: 0 };
      this.#trials.set(position, trial);
      this.#schedule(position, trial);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { timer } of this.#trials.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #pauseOf({ times, failed }: Trial): number {
    return backoff(times + failed, this.#options.pauses);
  }

  #schedule(position: number, trial: Trial, seconds = this.#pauseOf(trial)): void {
    if (this.#stopping.signal.aborted) return;
    trial.timer = setTimeout(() => {
      const running = this.#run(position, trial).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }, seconds * 1000);
  }

  async #run(position: number, trial: Trial): Promise<void> {
    const { holds, slots, isHostReady, test, tries, onError, onChange } = this.#options;
    const { device, busy } = slots[position]!;
    if (busy || !isHostReady()) return this.#schedule(position, trial, laterSeconds);
    const failure = await test(position, this.#stopping.signal).then(
      () => undefined,
      (error: unknown) => (isProblem(error) ? error.message : String(error)),
    );
    if (this.#stopping.signal.aborted) return;
    try {
      if (failure === undefined) {
        onChange("self-test passed", { device: device.address });
        await holds.tested(device.id, { passed: true, reason: "Its self-test passed." });
        return;
      }
      const failed = trial.failed + 1;
      const last = failed >= tries;
      const next = last
        ? "No more tests: mend it, then uncordon it or start its worker again."
        : `The next one is in ${this.#pauseOf({ ...trial, failed })} s.`;
      onChange("self-test failed", { device: device.address, failed, failure });
      await holds.tested(device.id, {
        passed: false,
        last,
        reason: `number ${failed} of ${tries} failed. ${next} ${failure}`,
      });
      trial.failed = failed;
      // An operator may have ended the hold meanwhile.
      if (!last && this.#trials.get(position) === trial) this.#schedule(position, trial);
    } catch (error) {
      onError(error);
      if (this.#trials.get(position) === trial) this.#schedule(position, trial, laterSeconds);
    }
  }
}
