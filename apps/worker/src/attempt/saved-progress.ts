import { rm } from "node:fs/promises";
import { isProblem } from "@espalier/contract";
import { isStorageFailure } from "../retry.ts";
import { locations, type Checkpoint, type Claim, type Store } from "@espalier/store";

export interface SavedProgressOptions {
  /**
   * Writes what was reported up to now; false when it could not. A run that resumes from a checkpoint repeats none of the
   * steps before it, so what they reported must be stored first.
   */
  flush: () => Promise<boolean>;
  /** Called when something could not be saved; the computation goes on. */
  onProblem: (message: string) => void;
  /** Called when a checkpoint is what the run goes on from. */
  onSaved?: (step: number) => void;
  onLost: () => void;
}

/**
 * The checkpoints of one attempt. Each file that the compute process announces is stored, then becomes the run's resume
 * point in one fenced statement, and then its predecessor is removed: at every moment the recorded one exists.
 */
export class SavedProgress {
  readonly #store: Pick<Store, "bytes" | "leases">;
  readonly #claim: Claim;
  readonly #options: SavedProgressOptions;
  /** The newest one that is stored and not yet recorded. */
  #pending: Checkpoint | undefined;
  #recorded: Checkpoint | undefined;
  /** The newest one that could not be stored, because the volume is full or away. */
  #unstored: { step: number; path: string } | undefined;
  #chain: Promise<void> = Promise.resolve();
  #recordedAt = performance.now();

  constructor(store: Pick<Store, "bytes" | "leases">, claim: Claim, options: SavedProgressOptions) {
    this.#store = store;
    this.#claim = claim;
    this.#options = options;
    this.#recorded = claim.checkpoint;
  }

  /** Since when, on `performance.now()`, what was computed would have to be computed again. */
  get recordedAt(): number {
    return this.#recordedAt;
  }

  /** Takes a finished file away from the compute process. */
  announce(step: number, path: string): void {
    this.#chain = this.#chain.then(() => this.#save(step, path)).then(() => this.#record());
  }

  /** Tries again to store and record what could not be, as when the volume was full or the database away. */
  retry(): void {
    const unstored = this.#unstored;
    if (unstored) this.announce(unstored.step, unstored.path);
    else if (this.#pending) this.#chain = this.#chain.then(() => this.#record());
  }

  /** Resolves when all that was announced is recorded, or cannot be now. Never rejects. */
  settled(): Promise<void> {
    if (this.#unstored) this.retry();
    return this.#chain;
  }

  /** Removes the stored checkpoints; a run that has succeeded needs none. */
  async clear(): Promise<void> {
    await this.#chain;
    for (const checkpoint of [this.#pending, this.#recorded])
      if (checkpoint) await this.#store.bytes.remove(checkpoint.stored.location).catch(() => undefined);
  }

  async #save(step: number, path: string): Promise<void> {
    const { runId, attempt } = this.#claim.lease;
    const before = this.#unstored;
    // A newer one was announced since, and is stored instead.
    if (before && before.step > step) return;
    if (before && before.path !== path) await rm(before.path, { force: true });
    this.#unstored = undefined;
    try {
      const location = locations.attempt(runId, attempt, `checkpoints/step-${step}`);
      const stored = await this.#store.bytes.adopt(path, location);
      if (this.#pending) await this.#store.bytes.remove(this.#pending.stored.location);
      this.#pending = { step, stored };
    } catch (error) {
      if (isStorageFailure(error)) {
        this.#unstored = { step, path };
        if (before?.step !== step)
          this.#options.onProblem(
            `The checkpoint of step ${step} waits until it can be stored: ${String(error)}`,
          );
        return;
      }
      await rm(path, { force: true });
      this.#options.onProblem(`The checkpoint of step ${step} was not stored: ${String(error)}`);
    }
  }

  async #record(): Promise<void> {
    const checkpoint = this.#pending;
    if (checkpoint === undefined) return;
    if (!(await this.#options.flush())) return;
    try {
      await this.#store.leases.saveCheckpoint(this.#claim.lease, checkpoint);
    } catch (error) {
      if (isProblem(error) && error.code === "lease/lost") this.#options.onLost();
      else this.#options.onProblem(`The checkpoint of step ${checkpoint.step} waits: ${String(error)}`);
      return;
    }
    const previous = this.#recorded;
    this.#recorded = checkpoint;
    this.#recordedAt = performance.now();
    this.#pending = undefined;
    this.#options.onSaved?.(checkpoint.step);
    if (previous) await this.#store.bytes.remove(previous.stored.location).catch(() => undefined);
  }
}
