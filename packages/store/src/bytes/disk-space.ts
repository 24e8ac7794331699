import { statfs } from "node:fs/promises";

/** The space of a file system, in bytes, as a process without privileges may use it. */
export interface Space {
  free: number;
  total: number;
}

/** A full disk counts as full until so many times the least is free, so that it does not open and close from second to second. */
const recovery = 1.25;

/** Watches whether enough of a file system is free. */
export class DiskSpace {
  readonly #least: number;
  #full = false;

  /** @param leastFreeBytes what must be free; 0: any space will do */
  constructor(leastFreeBytes: number) {
    this.#least = leastFreeBytes;
  }

  /** Looks at the file system of a folder. */
  async look(folder: string): Promise<Space & { full: boolean; needed: number }> {
    const { bavail, blocks, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const needed = this.#full ? this.#least * recovery : this.#least;
    this.#full = free < needed;
    return { free, total: blocks * bsize, full: this.#full, needed };
  }
}

/** Such as `0.5 GB`. */
export const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
