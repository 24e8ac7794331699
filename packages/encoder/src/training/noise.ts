import { concrete, type Node, type Tensor } from "@espalier/tensor";
import { noisePrefix } from "../blocks/dropout.ts";
import { Random } from "../random.ts";

/** The noise that dropout is made of, and how it is fed. */
export const noise = {
  /** Those of a graph's inputs that are noise. */
  inputs: (inputs: Iterable<Node<"input">>): Node<"input">[] =>
    [...inputs].filter(({ attrs }) => attrs.name.startsWith(noisePrefix)),

  /**
   * Feeds for a chunk [batch, time, …]: numbers uniform in [0, 1). Each text has its own, the same for the same seed and
   * number of the text, whatever other texts share the chunk and however long they make it.
   * @param texts numbers of the chunk's texts, in the order of the batch
   * @param seed a whole number from 0 to 2³² − 1
   */
  feeds(
    inputs: readonly Node<"input">[],
    time: number,
    texts: readonly number[],
    seed: number,
  ): Record<string, Tensor> {
    const sizes = new Map([
      ["batch", texts.length],
      ["time", time],
    ]);
    const orders = new Map<string, Uint32Array>();
    const feeds: Record<string, Tensor> = {};
    for (const [number, { attrs, shape }] of inputs.entries()) {
      const size = concrete(shape, sizes);
      const data = new Float32Array(size.reduce((product, dim) => product * dim, 1));
      const length = data.length / texts.length;
      const axes = shape.slice(1).flatMap((dim, axis) => axesOf(String(dim), size[axis + 1]!, time));
      const key = shape.join();
      const order = orders.get(key) ?? outwards(axes, time);
      orders.set(key, order);
      for (const [row, text] of texts.entries()) {
        const random = Random.seeded(mix([seed, text, number]));
        // 24 bits, so that no number rounds up to 1.
        for (const at of order) data[row * length + at] = (random.next() >>> 8) / 2 ** 24;
      }
      feeds[attrs.name] = { dtype: "f32", shape: size, data };
    }
    return feeds;
  },
};

const mix = (seeds: readonly number[]): number =>
  seeds.reduce((mixed, seed) => {
    const z = Math.imul(mixed ^ seed, 0x9e3779b1);
    return (z ^ (z >>> 15)) >>> 0;
  }, 1);

interface Axis {
  readonly size: number;
  readonly timed: boolean;
}

/** The axes that a dimension holds: attention has `group*time` queries, those of one head after the other. */
const axesOf = (dim: string, size: number, time: number): Axis[] =>
  dim.split("*").includes("time")
    ? [
        { size: size / time, timed: false },
        { size: time, timed: true },
      ]
    : [{ size, timed: false }];

/**
 * Offsets into one text's noise, those of its first token first: all that belong to the first t tokens come before the
 * rest, however many tokens of padding follow.
 */
function outwards(axes: readonly Axis[], time: number): Uint32Array {
  const last = axes.findLastIndex(({ timed }) => timed);
  const offsets = new Uint32Array(axes.reduce((product, { size }) => product * size, 1));
  let count = 0;
  // `newest`: an axis of time stands at the newest token already.
  const visit = (axis: number, offset: number, token: number, newest: boolean): void => {
    const here = axes[axis];
    if (here === undefined) {
      offsets[count++] = offset;
      return;
    }
    const end = here.timed ? token + 1 : here.size;
    for (let i = axis === last && !newest ? token : 0; i < end; i++)
      visit(axis + 1, offset * here.size + i, token, newest || (here.timed && i === token));
  };
  for (let token = 0; token < (last < 0 ? 1 : time); token++) visit(0, 0, token, last < 0);
  return offsets;
}
