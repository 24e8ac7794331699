/** Those that were good most recently, as many as fit. */
export class RecentKeys {
  readonly #most: number;
  /** Oldest first. */
  readonly #keys = new Set<string>();

  constructor(most = 10_000) {
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= this.#most) return;
    const [oldest] = this.#keys;
    this.#keys.delete(oldest!);
  }
}
