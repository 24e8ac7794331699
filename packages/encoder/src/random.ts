/** State of a generator, plain numbers, so that a checkpoint can hold it. */
export type RandomState = readonly [number, number, number, number];

/** Seeded random numbers, xoshiro128** (Blackman and Vigna 2021, arXiv:1805.01407). Not for secrets. */
export class Random {
  readonly #state: Uint32Array;

  private constructor(state: Uint32Array) {
    this.#state = state;
  }

  /** @param seed a whole number from 0 to 2³² − 1 */
  static seeded(seed: number): Random {
    // splitmix32 spreads a small seed over the whole state, as the generator's authors recommend.
    let s = seed >>> 0;
    const state = new Uint32Array(4).map(() => {
      s = (s + 0x9e3779b9) >>> 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    });
    return new Random(state);
  }

  /** Continues where another generator's `state` was read. */
  static restored(state: RandomState): Random {
    return new Random(Uint32Array.from(state));
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#state;
    return [a!, b!, c!, d!];
  }

  /** A whole number from 0 to 2³² − 1. */
  next(): number {
    const s = this.#state;
    const product = Math.imul(s[1]!, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** A number in [0, 1). */
  uniform(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number in [0, bound), each equally likely. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const drawn = this.next();
      if (drawn < limit) return drawn % bound;
    }
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}
