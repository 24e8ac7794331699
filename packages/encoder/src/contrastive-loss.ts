import {
  add,
  gradients,
  infoNCE,
  input,
  slice,
  type Node,
  type Engine,
  type Executable,
  type Tensor,
} from "@espalier/tensor";

/**
 * InfoNCE of embedded batches, and its gradient with respect to the embeddings. Texts are rows of one matrix
 * [texts, width]: first the queries, then their positives, then the hard negatives, of which there may be none.
 */
export class ContrastiveLoss {
  readonly #engine: Engine;
  readonly #scale: number;
  readonly #width: number;
  readonly #prefixes: readonly number[];
  readonly #opened = new Map<string, Executable>();

  /** @param prefixes lengths of prefixes of the vectors whose losses are added up (Matryoshka, arXiv:2205.13147) */
  constructor(engine: Engine, scale: number, width: number, prefixes: readonly number[] = [width]) {
    this.#engine = engine;
    this.#scale = scale;
    this.#width = width;
    this.#prefixes = prefixes;
  }

  /** @param queries how many of the rows are queries */
  async of(vectors: Float32Array, queries: number): Promise<number> {
    const { loss } = await this.#run("loss", vectors, queries);
    return loss!.data[0]!;
  }

  /** The gradient is shaped like `vectors`. */
  async withGradient(
    vectors: Float32Array,
    queries: number,
  ): Promise<{ loss: number; gradient: Float32Array }> {
    const { loss, ...parts } = await this.#run("gradient", vectors, queries);
    const gradient = new Float32Array(vectors.length);
    const half = queries * this.#width;
    gradient.set(parts["query"]!.data, 0);
    gradient.set(parts["positive"]!.data, half);
    if (parts["negative"]) gradient.set(parts["negative"].data, 2 * half);
    return { loss: loss!.data[0]!, gradient };
  }

  async close(): Promise<void> {
    for (const executable of this.#opened.values()) await executable.close();
    this.#opened.clear();
  }

  async #run(kind: "loss" | "gradient", vectors: Float32Array, queries: number) {
    const width = this.#width;
    const negatives = vectors.length / width - 2 * queries;
    const rows = (from: number, count: number): Tensor => ({
      dtype: "f32",
      shape: [count, width],
      data: vectors.subarray(from * width, (from + count) * width),
    });
    const executable = await this.#open(kind, negatives > 0);
    return executable.run({
      query: rows(0, queries),
      positive: rows(queries, queries),
      ...(negatives > 0 && { negative: rows(2 * queries, negatives) }),
    });
  }

  async #open(kind: "loss" | "gradient", hard: boolean): Promise<Executable> {
    const key = `${kind}${hard}`;
    const known = this.#opened.get(key);
    if (known) return known;
    const query = input("query", ["batch", this.#width]);
    const positive = input("positive", ["batch", this.#width]);
    const negative = input("negative", ["negatives", this.#width]);
    const loss = this.#prefixes
      .map((length) => {
        const cut = (x: Node) => (length === this.#width ? x : slice(x, 1, 0, length));
        const batch = {
          query: cut(query),
          positive: cut(positive),
          ...(hard && { negative: cut(negative) }),
        };
        return infoNCE(batch, this.#scale);
      })
      .reduce((sum, each) => add(sum, each));
    const wrt = hard ? { query, positive, negative } : { query, positive };
    const names = kind === "loss" ? [] : Object.keys(wrt);
    const grads = kind === "loss" ? [] : gradients([{ output: loss }], Object.values(wrt));
    const executable = await this.#engine.open({
      loss,
      ...Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
    });
    this.#opened.set(key, executable);
    return executable;
  }
}
