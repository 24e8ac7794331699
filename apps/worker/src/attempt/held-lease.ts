import { setTimeout as sleep } from "node:timers/promises";
import type { Lease, Progress } from "@espalier/contract";

export interface LeaseTiming {
  heartbeat: number;
  selfFence: number;
  giveUp: number;
}

/** Why an attempt must not go on. `unreachable`: the database has been away for so long that others have taken over. */
export type Interruption = "cancel" | "lost" | "unreachable";

/** The answer of a heartbeat for one attempt; undefined when none came. */
export type LeaseAnswer =
  | { held: boolean; cancel: boolean; preempt: boolean; graceSeconds?: number }
  | undefined;

export interface HeldLeaseOptions {
  /** Seconds. */
  timing: LeaseTiming;
  /** Monotonic milliseconds: the wall clock may jump. */
  now: () => number;
  /** Asks for a heartbeat before its time. */
  beat: () => Promise<void>;
  release: () => void;
}

/**
 * The lease of one attempt, as its worker's heartbeats renew it. A renewal that fails because the database is away
 * interrupts nothing: the computation goes on, uncommitted, until the lease is known to be lost or `giveUp` has passed.
 */
export class HeldLease {
  readonly lease: Lease;
  readonly #options: HeldLeaseOptions;
  readonly #preempted = new AbortController();
  #renewedAt: number;
  #progress: Progress | undefined;
  #ending: Interruption | undefined;
  #graceSeconds: number | undefined;
  #interrupt!: (reason: Interruption) => void;
  /** Settles once, when the attempt must not go on. */
  readonly interrupted: Promise<Interruption> = new Promise((resolve) => {
    this.#interrupt = resolve;
  });
  /** Called after each renewal: the database answers. */
  onRenewed: () => void = () => undefined;
  /**
   * Called after each heartbeat with the seconds that the computation may go on without another word: for as long as commits
   * are allowed after a renewal, which is well before others get the run or the device. A heartbeat without an answer counts
   * from now, because this process lives, and an outage of the database ends no computation.
   */
  onBeat: (mayGoOnSeconds: number) => void = () => undefined;

  constructor(lease: Lease, options: HeldLeaseOptions) {
    this.lease = lease;
    this.#options = options;
    // The claim was the first renewal.
    this.#renewedAt = options.now();
  }

  /** Keeps the progress for the next heartbeat to report. */
  progress(progress: Progress): void {
    this.#progress = progress;
  }

  /** The progress since the last call; undefined when there is none. */
  takeProgress(): Progress | undefined {
    const progress = this.#progress;
    this.#progress = undefined;
    return progress;
  }

  get interruption(): Interruption | undefined {
    return this.#ending;
  }

  /** Aborts when the run is to be saved and given back. */
  get preempted(): AbortSignal {
    return this.#preempted.signal;
  }

  /** How long it has to save when it is preempted; undefined where the database set no time. */
  get graceSeconds(): number | undefined {
    return this.#graceSeconds;
  }

  /**
   * Whether the attempt may commit: the lease was renewed within `selfFence`. Where it was not, waits until a renewal
   * succeeds; false when the attempt has been interrupted.
   */
  async mayCommit(): Promise<boolean> {
    const { timing, now, beat } = this.#options;
    while (this.#ending === undefined || this.#ending === "cancel") {
      if (now() - this.#renewedAt <= timing.selfFence * 1000) return true;
      await beat();
      if (now() - this.#renewedAt > timing.selfFence * 1000) await sleep(timing.heartbeat * 200);
    }
    return false;
  }

  /** @param asked when the heartbeat was sent: the lease lasts at least from then */
  answered(answer: LeaseAnswer, asked: number, reported: Progress | undefined): void {
    if (!answer?.held) this.#progress ??= reported;
    const { timing, now } = this.#options;
    if (answer === undefined) this.#checkGiveUp();
    else if (!answer.held) return this.#end("lost");
    else {
      this.#renewedAt = asked;
      if (answer.preempt) {
        this.#graceSeconds ??= answer.graceSeconds;
        this.#preempted.abort();
      }
      if (answer.cancel) this.#end("cancel");
      this.onRenewed();
    }
    this.onBeat(timing.selfFence - (answer === undefined ? 0 : (now() - asked) / 1000));
  }

  /** Seconds that a computation may go on that starts now. */
  get firstSeconds(): number {
    return this.#options.timing.selfFence;
  }

  /** Another write of this attempt was refused: it does not hold the run any more. */
  lost(): void {
    this.#end("lost");
  }

  /** The attempt has ended: heartbeats leave it out. */
  stop(): void {
    this.#options.release();
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
