import { topological, type Node } from "@espalier/tensor";

/** A graph as a message holds it: graphs of deep models are nested deeper than a copy of objects may be. */
export interface GraphList {
  readonly nodes: readonly (Omit<Node, "inputs"> & { readonly inputs: readonly number[] })[];
  /** Places of the outputs among the nodes, by name. */
  readonly outputs: Readonly<Record<string, number>>;
}

export function listOf(outputs: Readonly<Record<string, Node>>): GraphList {
  const nodes = topological(Object.values(outputs));
  const places = new Map(nodes.map((node, place) => [node, place]));
  return {
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map((each) => places.get(each)!) })),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, places.get(node)!])),
  };
}

export function graphOf({ nodes, outputs }: GraphList): Record<string, Node> {
  const made: Node[] = [];
  for (const node of nodes) made.push({ ...node, inputs: node.inputs.map((place) => made[place]!) });
  return Object.fromEntries(Object.entries(outputs).map(([name, place]) => [name, made[place]!]));
}
