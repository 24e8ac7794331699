import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, type Lease, type Measurement } from "@espalier/contract";
import type { Beat, BeatAnswer } from "@espalier/store";
import { HeldLease, type LeaseTiming } from "../attempt/held-lease.ts";

export interface HeartbeatOptions {
  /** Sends a heartbeat; undefined when the worker is not known. Rejects when the database is away. */
  send: (beat: Beat) => Promise<BeatAnswer | undefined>;
  /** What the devices measure now, by position. */
  measurements: () => readonly (Measurement | undefined)[];
  /** Called with each answer, after the leases have theirs. */
  onAnswer: (answer: BeatAnswer | undefined) => void;
  onError: (error: unknown) => void;
  /** Seconds. */
  timing?: LeaseTiming;
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** The clocks are compared by answers that took no longer. */
const slowestMs = 1_000;

/** Shows that a worker is alive: one message every few seconds for all its devices and attempts. */
export class Heartbeat {
  readonly #options: Required<HeartbeatOptions>;
  readonly #stopped = new AbortController();
  readonly #leases = new Set<HeldLease>();
  readonly #loop: Promise<void>;
  #sending: Promise<void> | undefined;
  #clockOffset: number | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = { timing: leaseTiming, now: () => performance.now(), ...options };
    this.#loop = this.#beatOn();
  }

  /** Renews a lease from now on, until it is stopped. */
  hold(lease: Lease): HeldLease {
    const { timing, now } = this.#options;
    const held: HeldLease = new HeldLease(lease, {
      timing,
      now,
      beat: () => this.beat(),
      release: () => this.#leases.delete(held),
    });
    this.#leases.add(held);
    return held;
  }

  /** One heartbeat now; together with one that is under way. Resolves also when no answer comes. */
  beat(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Ends the loop; leases that are held are not renewed any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #beatOn(): Promise<void> {
    const { timing } = this.#options;
    const { signal } = this.#stopped;
    for (;;) {
      await sleep(timing.heartbeat * 1000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.beat();
    }
  }

  async #send(): Promise<void> {
    const { send, measurements, onAnswer, onError, timing, now } = this.#options;
    const asked = now();
    const sentAt = Date.now();
    const sent = [...this.#leases].map((held) => ({ held, progress: held.takeProgress() }));
    const beat = {
      measurements: measurements(),
      ...(this.#clockOffset === undefined ? {} : { clockOffset: this.#clockOffset }),
      runs: sent.map(({ held: { lease }, progress }) => ({
        runId: lease.runId,
        attempt: lease.attempt,
        ...(progress === undefined ? {} : { progress }),
      })),
    };
    const passOn = (answer: BeatAnswer | undefined): void => {
      for (const { held, progress } of sent) {
        const { runId, attempt } = held.lease;
        const mine = answer?.runs.find((run) => run.runId === runId && run.attempt === attempt);
        held.answered(mine, asked, progress);
      }
    };
    try {
      // An answer that does not come is no answer: the next beat asks again.
      const answer = await Promise.race([
        send(beat),
        sleep(timing.heartbeat * 1000, "late" as const, { ref: false }),
      ]);
      if (answer === "late") return passOn(undefined);
      if (answer) this.#compareClocks(answer.at, sentAt, now() - asked);
      passOn(answer);
      onAnswer(answer);
    } catch (error) {
      passOn(undefined);
      onError(error);
    }
  }

  /**
   * Measures by how many seconds the clock of this host is ahead of the database's. It is only shown: nothing depends on the
   * clock of a host. An answer that took long says too little.
   */
  #compareClocks(at: number, sentAt: number, tookMs: number): void {
    if (tookMs < slowestMs) this.#clockOffset = (sentAt + tookMs / 2) / 1000 - at;
  }
}
