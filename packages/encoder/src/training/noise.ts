import { concrete, type Node, type Tensor } from "@espalier/graph";
import { noisePrefix } from "../blocks/dropout.ts";
import { Random } from "../random.ts";

/** The noise that dropout is made of, and how it is fed. */
export const noise = {
  /** Those of a graph's inputs that are noise. */
  inputs: (inputs: Iterable<Node<"input">>): Node<"input">[] =>
    [...inputs].filter(({ attrs }) => attrs.name.startsWith(noisePrefix)),

  /**
   * Feeds for a chunk [batch, time, …]: numbers uniform in [0, 1), the same for the same seeds.
   * @param seeds whole numbers from 0 to 2³² − 1
   */
  feeds(
    inputs: readonly Node<"input">[],
    [batch, time]: readonly number[],
    seeds: readonly number[],
  ): Record<string, Tensor> {
    const sizes = new Map([
      ["batch", batch!],
      ["time", time!],
    ]);
    const random = Random.seeded(seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e3779b1) >>> 0, 1));
    const feeds: Record<string, Tensor> = {};
    for (const { attrs, shape } of inputs) {
      const size = concrete(shape, sizes);
      const data = new Float32Array(size.reduce((product, dim) => product * dim, 1));
      // 24 bits, so that no number rounds up to 1.
      for (let i = 0; i < data.length; i++) data[i] = (random.next() >>> 8) / 2 ** 24;
      feeds[attrs.name] = { dtype: "f32", shape: size, data };
    }
    return feeds;
  },
};
