import { isOp, topological, type Node } from "./node.ts";
import { input } from "./op.ts";

/** A gradient's work in two graphs: the second one begins where values of the first one are handed to it. */
export interface Halves {
  /** The outputs of the forward graph, and the values that are kept, under names that begin with `kept:`. */
  readonly forward: Record<string, Node>;
  /** The outputs of the backward graph, which has an input for each kept value, under its name. */
  readonly backward: Record<string, Node>;
  /** Names of the kept values. */
  readonly kept: readonly string[];
}

/**
 * Divides a computation into the outputs of a forward pass and all else, so that no product of the forward pass is computed
 * again. Kept are products, or the sums that they go into at once, of which an adapter and a residual make one value of three;
 * what follows from them op by op (norms, activations, softmax) is computed again, as that costs less than to keep it. Results
 * are those of the whole graph.
 */
export function keepProducts(
  forward: Readonly<Record<string, Node>>,
  backward: Readonly<Record<string, Node>>,
): Halves {
  const order = topological([...Object.values(forward), ...Object.values(backward)]);
  const first = new Set(topological(Object.values(forward)));
  const users = new Map<Node, number>();
  for (const { inputs } of order) for (const node of inputs) users.set(node, (users.get(node) ?? 0) + 1);
  const results = new Set<Node>([...Object.values(forward), ...Object.values(backward)]);

  const products = new Set<Node>();
  for (const node of order) {
    const absorbed = ({ inputs }: Node) =>
      inputs.some((each) => products.has(each) && users.get(each) === 1 && !results.has(each));
    if (first.has(node) && (isOp(node, "matmul") || (isOp(node, "add") && absorbed(node))))
      products.add(node);
  }

  const names = new Map<Node, string>();
  const rebuilt = new Map<Node, Node>();
  // Inputs come before users; what nobody asks for is made in vain, and garbage.
  for (const node of order) {
    if (products.has(node)) rebuilt.set(node, input(`kept:${products.size}:${names.size}`, node.shape));
    else {
      const inputs = node.inputs.map((each) => rebuilt.get(each)!);
      rebuilt.set(node, inputs.every((each, i) => each === node.inputs[i]) ? node : { ...node, inputs });
    }
    if (products.has(node)) names.set(node, (rebuilt.get(node) as Node<"input">).attrs.name);
  }
  const second = Object.fromEntries(
    Object.entries(backward).map(([name, node]) => [name, rebuilt.get(node)!]),
  );
  const read = new Set<Node>(topological(Object.values(second)));
  const kept = [...names].filter(([node]) => read.has(rebuilt.get(node)!));
  return {
    forward: { ...forward, ...Object.fromEntries(kept.map(([node, name]) => [name, node])) },
    backward: second,
    kept: kept.map(([, name]) => name),
  };
}
