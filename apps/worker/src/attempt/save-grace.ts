import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "@espalier/contract";

export interface SaveGraceOptions {
  /** Seconds that are given in any case. */
  least: number;
  /** Bytes that a save is expected to write, as long as none was measured; 0 where nothing is known. */
  expectedBytes: number;
  /** Folder to which the computation saves. */
  folder: string;
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** Longest time to save and leave, in seconds: a save that takes longer is not waited for. */
export const mostSaveSeconds = 600;
/** Where no save was measured: a disk that others use too. Bytes a second. */
const slowDisk = 50e6;
/** A measured save or step may take so many times as long the next time. */
const margin = 2;
/** Seconds between two looks at what a save has written that takes longer than expected. */
const lookSeconds = 5;
/** Gaps between signs of progress that are remembered. */
const keptGaps = 20;

/**
 * How long a computation gets to save and end when it is asked to leave: the step that it is in, and a save, twice as long as they
 * have taken so far; or what writing the expected bytes takes. While a save still writes, it gets more. Never more than ten
 * minutes.
 */
export class SaveGrace {
  readonly #options: Required<SaveGraceOptions>;
  readonly #gaps: number[] = [];
  #signedAt: number | undefined;
  #longestSave: number | undefined;
  #given = 0;
  #written = -1;

  constructor(options: SaveGraceOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** A step, or another part of the work, has been done. */
  progressed(_progress: Progress): void {
    const now = this.#options.now();
    if (this.#signedAt !== undefined) this.#gaps.push((now - this.#signedAt) / 1000);
    if (this.#gaps.length > keptGaps) this.#gaps.shift();
    this.#signedAt = now;
  }

  saved(seconds: number): void {
    this.#longestSave = Math.max(this.#longestSave ?? 0, seconds);
  }

  /** Seconds to give now. */
  get seconds(): number {
    const { least, expectedBytes } = this.#options;
    const save = this.#longestSave === undefined ? expectedBytes / slowDisk : margin * this.#longestSave;
    const step = margin * Math.max(0, ...this.#gaps);
    return Math.min(mostSaveSeconds, Math.max(least, Math.ceil(least + step + save)));
  }

  /** What the time to give follows from, in words. */
  get reason(): string {
    const { expectedBytes } = this.#options;
    if (this.#longestSave !== undefined)
      return `its longest save so far took ${this.#longestSave.toFixed(1)} s`;
    return expectedBytes > 0
      ? `it has saved nothing yet; about ${Math.ceil(expectedBytes / 1e6)} MB are expected`
      : "it has saved nothing yet";
  }

  /**
   * To be called when the time that was given is over: more seconds if a save is being written, else 0. The first call takes
   * a look and gives a moment to compare with, unless nothing is there.
   */
  async more(): Promise<number> {
    this.#given ||= this.seconds;
    const written = await sizeOf(this.#options.folder);
    const grown = written > Math.max(0, this.#written);
    this.#written = written;
    const added = Math.min(lookSeconds, mostSaveSeconds - this.#given);
    if (!grown || added <= 0) return 0;
    this.#given += added;
    return added;
  }
}

/** Bytes of all files in a folder; 0 where it is not there. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
