import { malformed } from "./part.ts";

/** The longest string, in UTF-16 units. It bounds the steps that are taken at each place of a text. */
const longest = 1024;

/**
 * Strings with numbers, found by walking a text: a transition table with open addressing, so that a large vocabulary
 * takes a few arrays and no objects.
 */
export class Trie {
  /** Number of the string that ends at each node, or -1. */
  #values = new Int32Array(256).fill(-1);
  #nodes = 1;
  /** Transitions by (node, unit): the key is `node * 65536 + unit + 1`, 0 where the slot is free. */
  #keys = new Float64Array(1024);
  #targets = new Int32Array(1024);
  #used = 0;

  static of(strings: Iterable<readonly [string, number]>): Trie {
    const trie = new Trie();
    for (const [string, value] of strings) trie.set(string, value);
    return trie;
  }

  /**
   * A string that is set again takes the later number.
   * @throws {Problem} `tokenizer/malformed` for a string of more than 1024 characters
   */
  set(string: string, value: number): void {
    if (string.length > longest)
      throw malformed(`the token ${JSON.stringify(string.slice(0, 40))} has more than ${longest} characters`);
    let node = 0;
    for (let i = 0; i < string.length; i++) node = this.#grow(node, string.charCodeAt(i));
    this.#values[node] = value;
  }

  /** The node behind `unit` at `node`, or -1; the root is 0. */
  step(node: number, unit: number): number {
    const key = node * 0x10000 + unit + 1;
    const keys = this.#keys;
    const mask = keys.length - 1;
    for (let slot = hash(node, unit) & mask; ; slot = (slot + 1) & mask) {
      const held = keys[slot]!;
      if (held === key) return this.#targets[slot]!;
      if (held === 0) return -1;
    }
  }

  /** The number of the string that ends at `node`, or -1. */
  value(node: number): number {
    return this.#values[node]!;
  }

  /** The node at the end of `string`, or -1. */
  walk(string: string): number {
    let node = 0;
    for (let i = 0; i < string.length && node >= 0; i++) node = this.step(node, string.charCodeAt(i));
    return node;
  }

  #grow(node: number, unit: number): number {
    const known = this.step(node, unit);
    if (known >= 0) return known;
    if (2 * this.#used >= this.#keys.length) this.#rehash();
    if (this.#nodes === this.#values.length) {
      const values = new Int32Array(2 * this.#nodes).fill(-1);
      values.set(this.#values);
      this.#values = values;
    }
    this.#place(node * 0x10000 + unit + 1, hash(node, unit), this.#nodes);
    this.#used++;
    return this.#nodes++;
  }

  #place(key: number, start: number, target: number): void {
    const mask = this.#keys.length - 1;
    let slot = start & mask;
    while (this.#keys[slot] !== 0) slot = (slot + 1) & mask;
    this.#keys[slot] = key;
    this.#targets[slot] = target;
  }

  #rehash(): void {
    const [keys, targets] = [this.#keys, this.#targets];
    this.#keys = new Float64Array(2 * keys.length);
    this.#targets = new Int32Array(2 * keys.length);
    for (const [slot, key] of keys.entries()) {
      if (key === 0) continue;
      const node = Math.floor((key - 1) / 0x10000);
      this.#place(key, hash(node, (key - 1) % 0x10000), targets[slot]!);
    }
  }
}

/** Spreads neighbouring nodes and units over the table. */
function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
