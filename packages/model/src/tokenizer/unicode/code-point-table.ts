import { has, type CodePointSet } from "./code-point-set.ts";

/** Up to 32 sets in one table, for code that looks up every character of a text. */
export class CodePointTable {
  static readonly most = 32;
  readonly #sets: readonly CodePointSet[];
  readonly #plane = new Uint32Array(0x10000);
  /** Pages of 256 code points beyond the basic plane. A page is made when one of its code points is looked up first. */
  readonly #pages = new Map<number, Uint32Array>();

  constructor(sets: readonly CodePointSet[]) {
    if (sets.length > CodePointTable.most) throw new RangeError(`${sets.length} sets in one table`);
    this.#sets = sets;
    for (const [bit, set] of sets.entries()) {
      for (const [first, last] of set)
        for (let point = first; point <= last && point < 0x10000; point++) this.#plane[point]! |= 1 << bit;
    }
  }

  /** Which sets contain this code point: bit `i` for set `i`. */
  of(point: number): number {
    if (point < 0x10000) return this.#plane[point]!;
    const page = this.#pages.get(point >> 8) ?? this.#addPage(point >> 8);
    return page[point & 0xff]!;
  }

  #addPage(number: number): Uint32Array {
    const page = new Uint32Array(256);
    for (const [bit, set] of this.#sets.entries()) {
      for (let i = 0; i < 256; i++) if (has(set, (number << 8) + i)) page[i]! |= 1 << bit;
    }
    this.#pages.set(number, page);
    return page;
  }
}
