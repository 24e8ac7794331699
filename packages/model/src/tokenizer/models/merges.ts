/** Which token two neighbouring tokens become, and the rank of this merge. Lower ranks come first. */
export class Merges {
  /** Open addressing over pairs; a slot is free where its rank is -1. */
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #rank: Int32Array;
  readonly #mask: number;
  readonly #merged: Int32Array;

  /** @param merges left, right and merged id of each rank; where a pair occurs twice, the last one counts */
  constructor(merges: Int32Array) {
    const count = merges.length / 3;
    let slots = 16;
    while (slots < 2 * count) slots *= 2;
    this.#left = new Int32Array(slots);
    this.#right = new Int32Array(slots);
    this.#rank = new Int32Array(slots).fill(-1);
    this.#mask = slots - 1;
    this.#merged = Int32Array.from({ length: count }, (_, rank) => merges[3 * rank + 2]!);
    for (let rank = 0; rank < count; rank++) {
      const [left, right] = [merges[3 * rank]!, merges[3 * rank + 1]!];
      const slot = this.#slot(left, right);
      this.#left[slot] = left;
      this.#right[slot] = right;
      this.#rank[slot] = rank;
    }
  }

  /** The rank of a pair, or -1. */
  rank(left: number, right: number): number {
    return this.#rank[this.#slot(left, right)]!;
  }

  merged(rank: number): number {
    return this.#merged[rank]!;
  }

  #slot(left: number, right: number): number {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask;
    while (this.#rank[slot]! >= 0 && (this.#left[slot] !== left || this.#right[slot] !== right))
      slot = (slot + 1) & this.#mask;
    return slot;
  }
}

/** Positions fit this many bits beside the rank in one double. */
const positionLimit = 2 ** 26;

/** Merges sequences of tokens, in time n log n for n tokens. */
export class Merger {
  readonly #merges: Merges;
  #ids = new Int32Array(64);
  #previous = new Int32Array(64);
  #next = new Int32Array(64);
  /** A binary heap of `rank * positionLimit + position`: lowest rank first, leftmost of one rank. */
  #heap = new Float64Array(256);
  #queued = 0;

  constructor(merges: Merges) {
    this.#merges = merges;
  }

  /** Pushes what the symbols become. */
  merge(symbols: readonly number[], ids: number[]): void {
    const { length } = symbols;
    if (length === 1) {
      ids.push(symbols[0]!);
      return;
    }
    if (length >= positionLimit) throw new RangeError(`a piece of ${length} characters`);
    this.#start(symbols);
    const merges = this.#merges;
    const [tokens, previous, next] = [this.#ids, this.#previous, this.#next];
    while (this.#queued > 0) {
      const key = this.#pop();
      const rank = Math.floor(key / positionLimit);
      const at = key - rank * positionLimit;
      const right = next[at]!;
      // The token has been merged into another, or has no neighbour any more, or the neighbours have changed.
      if (tokens[at]! < 0 || right < 0) continue;
      const merged = merges.merged(rank);
      const now = merges.rank(tokens[at]!, tokens[right]!);
      if (now < 0 || merges.merged(now) !== merged) continue;
      tokens[at] = merged;
      tokens[right] = -1;
      const after = next[right]!;
      next[at] = after;
      if (after >= 0) {
        previous[after] = at;
        this.#offer(merges.rank(merged, tokens[after]!), at);
      }
      const before = previous[at]!;
      if (before >= 0) this.#offer(merges.rank(tokens[before]!, merged), before);
    }
    for (let at = 0; at >= 0; at = next[at]!) ids.push(tokens[at]!);
  }

  #start(symbols: readonly number[]): void {
    const { length } = symbols;
    if (this.#ids.length < length) {
      const size = Math.max(length, 2 * this.#ids.length);
      this.#ids = new Int32Array(size);
      this.#previous = new Int32Array(size);
      this.#next = new Int32Array(size);
    }
    this.#queued = 0;
    for (let at = 0; at < length; at++) {
      this.#ids[at] = symbols[at]!;
      this.#previous[at] = at - 1;
      this.#next[at] = at + 1 < length ? at + 1 : -1;
      if (at > 0) this.#offer(this.#merges.rank(symbols[at - 1]!, symbols[at]!), at - 1);
    }
  }

  #offer(rank: number, at: number): void {
    if (rank < 0) return;
    if (this.#queued === this.#heap.length) {
      const larger = new Float64Array(2 * this.#heap.length);
      larger.set(this.#heap);
      this.#heap = larger;
    }
    const heap = this.#heap;
    const key = rank * positionLimit + at;
    let child = this.#queued++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent]! <= key) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = key;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0]!;
    const key = heap[--this.#queued]!;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.#queued) break;
      if (child + 1 < this.#queued && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= key) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = key;
    return top;
  }
}
