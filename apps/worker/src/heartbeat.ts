import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, type Progress } from "@espalier/contract";

export interface LeaseTiming {
  heartbeat: number;
  selfFence: number;
  giveUp: number;
}

export interface HeartbeatOptions {
  /** Renews the lease; undefined when it is lost, an error when the database is away. */
  renew: (progress: Progress | undefined) => Promise<{ cancel: boolean } | undefined>;
  /** Seconds. */
  timing?: LeaseTiming;
  /** Monotonic milliseconds: the wall clock may jump. */
  now?: () => number;
}

/** Why an attempt must not go on. `unreachable`: the database has been away for so long that others have taken over. */
export type Interruption = "cancel" | "lost" | "unreachable";

/**
 * Renews the lease of one attempt. A renewal that fails because the database is away interrupts nothing: the computation
 * goes on, uncommitted, until the lease is known to be lost or `giveUp` has passed.
 */
export class Heartbeat {
  readonly #options: Required<HeartbeatOptions>;
  readonly #stopped = new AbortController();
  #renewedAt: number;
  #progress: Progress | undefined;
  #ending: Interruption | undefined;
  #interrupt!: (reason: Interruption) => void;
  /** Settles once, when the attempt must not go on. */
  readonly interrupted: Promise<Interruption> = new Promise((resolve) => {
    this.#interrupt = resolve;
  });

  constructor(options: HeartbeatOptions) {
    this.#options = { timing: leaseTiming, now: () => performance.now(), ...options };
    // The claim was the first renewal.
    this.#renewedAt = this.#options.now();
    void this.#beat();
  }

  progress(progress: Progress): void {
    this.#progress = progress;
  }

  get interruption(): Interruption | undefined {
    return this.#ending;
  }

  /**
   * Whether the attempt may commit: the lease was renewed within `selfFence`. Where it was not, waits until a renewal
   * succeeds; false when the attempt has been interrupted.
   */
  async mayCommit(): Promise<boolean> {
    const { timing, now } = this.#options;
    while (this.#ending === undefined || this.#ending === "cancel") {
      if (now() - this.#renewedAt <= timing.selfFence * 1000) return true;
      await this.#renew();
      if (now() - this.#renewedAt > timing.selfFence * 1000) await sleep(timing.heartbeat * 200);
    }
    return false;
  }

  /** Another write of this attempt was refused: it does not hold the run any more. */
  lost(): void {
    this.#end("lost");
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #beat(): Promise<void> {
    const { timing } = this.#options;
    const { signal } = this.#stopped;
    for (;;) {
      await sleep(timing.heartbeat * 1000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#renew();
      if (this.#ending !== undefined && this.#ending !== "cancel") return;
    }
  }

  async #renew(): Promise<void> {
    const { renew, timing, now } = this.#options;
    const asked = now();
    try {
      // An answer that does not come is no answer: the next beat asks again.
      const answer = await Promise.race([
        renew(this.#progress),
        sleep(timing.heartbeat * 1000, "late" as const, { ref: false }),
      ]);
      if (answer === "late") this.#checkGiveUp();
      else if (answer === undefined) this.#end("lost");
      else {
        this.#renewedAt = asked;
        if (answer.cancel) this.#end("cancel");
      }
    } catch {
      this.#checkGiveUp();
    }
  }

  #checkGiveUp(): void {
    const { timing, now } = this.#options;
    if (now() - this.#renewedAt > timing.giveUp * 1000) this.#end("unreachable");
  }

  #end(reason: Interruption): void {
    if (this.#ending === "lost" || this.#ending === "unreachable") return;
    this.#ending = reason;
    this.#interrupt(reason);
  }
}
