/**
 * The `limit` best documents of a query among any number, in memory of `limit` alone: a heap with the worst on top. Of equal scores
 * the document whose id comes later in the order of bytes is the better one, as in trec_eval.
 */
export class TopDocuments {
  readonly #scores: Float64Array;
  readonly #rows: Uint32Array;
  readonly #idOf: (row: number) => string;
  #size = 0;

  /** @param idOf a document's id by its row, below 2³² */
  constructor(limit: number, idOf: (row: number) => string) {
    this.#scores = new Float64Array(limit);
    this.#rows = new Uint32Array(limit);
    this.#idOf = idOf;
  }

  offer(row: number, score: number): void {
    const limit = this.#scores.length;
    if (this.#size < limit) {
      this.#place(this.#size++, row, score);
      for (let at = this.#size - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!this.#isWorse(at, parent)) break;
        this.#swap(at, parent);
        at = parent;
      }
    } else if (limit > 0 && this.#beatsWorst(row, score)) {
      this.#place(0, row, score);
      this.#sink();
    }
  }

  /** Best first. */
  ranked(): { row: number; score: number }[] {
    const order = Array.from({ length: this.#size }, (_, at) => at);
    order.sort((a, b) => (this.#isWorse(a, b) ? 1 : -1));
    return order.map((at) => ({ row: this.#rows[at]!, score: this.#scores[at]! }));
  }

  #beatsWorst(row: number, score: number): boolean {
    const worst = this.#scores[0]!;
    return score > worst || (score === worst && inBytes(this.#idOf(row), this.#idOf(this.#rows[0]!)) > 0);
  }

  #isWorse(a: number, b: number): boolean {
    const difference = this.#scores[a]! - this.#scores[b]!;
    if (difference !== 0) return difference < 0;
    return inBytes(this.#idOf(this.#rows[a]!), this.#idOf(this.#rows[b]!)) < 0;
  }

  #sink(): void {
    for (let at = 0; ;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < this.#size && this.#isWorse(child, worst)) worst = child;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }

  #place(at: number, row: number, score: number): void {
    this.#rows[at] = row;
    this.#scores[at] = score;
  }

  #swap(a: number, b: number): void {
    const [row, score] = [this.#rows[a]!, this.#scores[a]!];
    this.#place(a, this.#rows[b]!, this.#scores[b]!);
    this.#place(b, row, score);
  }
}

/** Order of the UTF-8 of two ids. */
const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
