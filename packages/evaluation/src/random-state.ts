/**
 * The Mersenne Twister MT19937 as `numpy.random.RandomState(seed)` seeds and reads it, so that what a benchmark draws with numpy is
 * drawn here too (Matsumoto & Nishimura 1998; numpy's legacy generator).
 */
export class RandomState {
  readonly #state = new Uint32Array(624);
  #at = 624;

  /** @param seed from 0 to 2³² - 1 */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = Math.imul(before, 1_812_433_253) + i;
    }
  }

  /** A whole number from 0 to 2³² - 1. */
  uint32(): number {
    if (this.#at === 624) this.#refill();
    let y = this.#state[this.#at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** From 0 up to and without 1, with 53 bits. */
  double(): number {
    const [high, low] = [this.uint32() >>> 5, this.uint32() >>> 6];
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  /** A whole number from 0 to `most`, each as likely as another; `most` is below 2³². */
  upTo(most: number): number {
    if (most === 0) return 0;
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const value = (this.uint32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  /** Puts the items into another order, in place, as `RandomState.shuffle` does with a list. */
  shuffle(items: unknown[] | Uint32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.upTo(i);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
  }

  #refill(): void {
    const state = this.#state;
    for (let i = 0; i < 624; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % 624]! & 0x7fffffff);
      state[i] = state[(i + 397) % 624]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}
