import { dropout, input, type Dim, type Node } from "@espalier/tensor";

/** Shares of numbers that are dropped while training: before an adapter, of attention's weights, of each branch. */
export interface DropoutRates {
  readonly adapter: number;
  readonly attention: number;
  readonly hidden: number;
}

/** Inputs of noise have names that start so; they are fed with numbers uniform in [0, 1). */
export const noisePrefix = "noise:";

/** Adds dropout to a graph. Every place has a stream of its own, but adapters of the same x drop the same of it. */
export class Dropout {
  readonly #rates: DropoutRates;
  readonly #noise = new Map<string, Node>();
  readonly #dropped = new Map<Node, Node>();
  #streams = 0;

  constructor(rates: DropoutRates) {
    this.#rates = rates;
  }

  /** x with dropout; x itself where the rate is 0. */
  of(x: Node, place: keyof DropoutRates): Node {
    const rate = this.#rates[place];
    if (rate === 0) return x;
    const known = place === "adapter" ? this.#dropped.get(x) : undefined;
    if (known) return known;
    const stream = this.#streams++;
    const y = dropout(x, this.#fed(x.shape, "u"), this.#fed(x.shape, "v"), { stream, rate });
    if (place === "adapter") this.#dropped.set(x, y);
    return y;
  }

  #fed(shape: readonly Dim[], part: string): Node {
    const name = `${noisePrefix}${part}:${shape.join()}`;
    const node = this.#noise.get(name) ?? input(name, shape);
    this.#noise.set(name, node);
    return node;
  }
}
