import { input, type Node } from "@espalier/tensor";

/**
 * Makes the node of a parameter, by its name in the checkpoint (without the prefix `model.`). `weight` of
 * `@espalier/tensor` binds it when the graph is opened; {@link inputParameters} feeds it on every run, to train it.
 */
export type Parameter = (name: string, shape: readonly number[]) => Node;

/** Makes one node for each name, however often it is asked for: a parameter that several places share. */
export function eachOnce(make: Parameter, nodes: Map<string, Node> = new Map()): Parameter {
  return (name, shape) => {
    const node = nodes.get(name) ?? make(name, shape);
    nodes.set(name, node);
    return node;
  };
}

/** Parameters that are fed on every run. */
export interface InputParameters {
  readonly parameter: Parameter;
  /** Those that the graph has asked for, by name. */
  readonly nodes: ReadonlyMap<string, Node>;
}

export function inputParameters(): InputParameters {
  const nodes = new Map<string, Node>();
  return { parameter: eachOnce(input, nodes), nodes };
}
