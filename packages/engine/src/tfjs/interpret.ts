import { open } from "node:fs/promises";
import type * as core from "@tensorflow/tfjs-core";
import {
  bindSizes,
  concrete,
  decode,
  inputsOf,
  isOp,
  OutOfMemory,
  sourceOf,
  topological,
  weightsOf,
  type Engine,
  type Executable,
  type Node,
  type Tensor,
  type WeightSource,
} from "@espalier/tensor";
import { compute, type Run } from "./kernels.ts";
import type { TensorFlow } from "./load.ts";

/** A graph, in the order in which it is computed. */
interface Plan {
  readonly order: readonly Node[];
  readonly inputs: ReadonlyMap<string, Node<"input">>;
  /** How many nodes read a node. */
  readonly uses: ReadonlyMap<Node, number>;
  readonly names: ReadonlyMap<Node, readonly string[]>;
}

/**
 * Computes graphs op by op on what TensorFlow.js computes on. A value is freed when the last node that reads it is computed, so
 * that no more of a graph is in memory at once than its order demands.
 */
export function interpretOn(tf: TensorFlow): Engine {
  return {
    name: "tfjs",
    async open(outputs, weights = new Map()): Promise<Executable> {
      const plan = planOf(outputs);
      const held = await hold(tf, plan.order, weights);
      let closed = false;
      return {
        run: async (feeds) => {
          if (closed) throw new Error("this executable is closed");
          return run(tf, plan, held, feeds);
        },
        close: async () => {
          closed = true;
          for (const tensor of held.values()) tensor.dispose();
          held.clear();
        },
      };
    },
  };
}

function planOf(outputs: Readonly<Record<string, Node>>): Plan {
  const order = topological(Object.values(outputs));
  const uses = new Map<Node, number>();
  for (const { inputs } of order) for (const node of inputs) uses.set(node, (uses.get(node) ?? 0) + 1);
  const names = new Map<Node, string[]>();
  for (const [name, node] of Object.entries(outputs)) names.set(node, [...(names.get(node) ?? []), name]);
  return { order, uses, names, inputs: inputsOf(order) };
}

/** What stays on the device from run to run: weights and constants. */
async function hold(
  tf: TensorFlow,
  order: readonly Node[],
  weights: ReadonlyMap<string, WeightSource>,
): Promise<Map<Node, core.Tensor>> {
  // All are checked before the first is read.
  const sources = [...weightsOf(order).values()].map((node) => ({ node, source: sourceOf(node, weights) }));
  const held = new Map<Node, core.Tensor>();
  try {
    for (const { node, source } of sources)
      held.set(node, tf.tensor(await read(source), [...source.shape], "float32"));
    for (const node of order) {
      if (!isOp(node, "constant")) continue;
      const { values, dtype } = node.attrs;
      held.set(node, tf.tensor([...values], node.shape.map(Number), dtype === "f32" ? "float32" : "int32"));
    }
    return held;
  } catch (error) {
    for (const tensor of held.values()) tensor.dispose();
    throw error;
  }
}

async function read(source: WeightSource): Promise<Float32Array> {
  if ("data" in source) return source.data.slice();
  const file = await open(source.file, "r");
  try {
    const bytes = new Uint8Array(source.bytes);
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(2 ** 30, bytes.length - done);
      const { bytesRead } = await file.read(bytes, done, length, source.offset + done);
      if (bytesRead === 0)
        throw new RangeError(
          `${source.file} ends before byte ${source.offset + source.bytes}: a weight is out of bounds`,
        );
      done += bytesRead;
    }
    return decode(bytes, source.dtype);
  } finally {
    await file.close();
  }
}

function run(
  tf: TensorFlow,
  { order, inputs, uses, names }: Plan,
  held: ReadonlyMap<Node, core.Tensor>,
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const sizes = bindSizes(inputs.values(), feeds);
  const results: Record<string, Tensor> = {};
  const values = new Map<Node, core.Tensor>();
  const left = new Map(uses);
  const shared = new Map<Node | string, Map<string, core.Tensor>>();
  const valueOf = (node: Node): core.Tensor => {
    const value = held.get(node) ?? values.get(node);
    if (!value) throw new Error(`${node.op} is used after it was freed`);
    return value;
  };
  const context: Run = {
    tf,
    sizes,
    once(owner, key, make) {
      const own = shared.get(owner) ?? new Map<string, core.Tensor>();
      shared.set(owner, own);
      const known = own.get(key) ?? tf.keep(make());
      own.set(key, known);
      return known;
    },
  };
  const free = (node: Node): void => {
    values.get(node)?.dispose();
    values.delete(node);
    for (const tensor of shared.get(node)?.values() ?? []) tensor.dispose();
    shared.delete(node);
  };
  try {
    for (const node of order) {
      if (isOp(node, "input")) {
        const { shape, data } = feeds[node.attrs.name]!;
        values.set(node, tf.tensor(data, [...shape], node.dtype === "f32" ? "float32" : "int32"));
      } else if (!held.has(node)) {
        const read = node.inputs.map(valueOf);
        values.set(
          node,
          tf.tidy(() => compute(node, read, context)),
        );
      }
      for (const name of names.get(node) ?? [])
        results[name] = {
          dtype: node.dtype,
          shape: concrete(node.shape, sizes),
          data: numbers(valueOf(node)),
        };
      for (const input of [...node.inputs, node]) {
        const remaining = input === node ? (left.get(node) ?? 0) : left.get(input)! - 1;
        left.set(input, remaining);
        if (remaining === 0) free(input);
      }
    }
    return results;
  } catch (error) {
    return explain(error);
  } finally {
    for (const tensor of values.values()) tensor.dispose();
    for (const own of shared.values()) for (const tensor of own.values()) tensor.dispose();
  }
}

/** The backend may hand out its own array, or the one that was fed. */
const numbers = (tensor: core.Tensor): Float32Array | Int32Array =>
  (tensor.dataSync() as Float32Array | Int32Array).slice();

/** TensorFlow tells kinds of errors apart by their text alone. */
function explain(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (
    /OOM when allocating|RESOURCE_EXHAUSTED|failed to allocate|bad_alloc|Array buffer allocation/i.test(
      message,
    )
  )
    throw new OutOfMemory(`there is not enough memory for this run: ${message}`, { cause: error });
  throw error;
}
