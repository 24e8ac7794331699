import { gelu, mul, sigmoid, slice, swiGLU, type Node } from "@espalier/tensor";
import type { Activation, FeedForward } from "@espalier/model";
import { linear, type LinearOptions } from "./linear.ts";

/** The feed-forward part of a layer, [batch, time, hidden] → [batch, time, hidden]. */
export function feedForward(x: Node, layer: FeedForward, options: LinearOptions): Node {
  const { projection, activation, width, down } = layer;
  const inner = () => {
    if ("gateUp" in projection) {
      const both = linear(x, projection.gateUp, options);
      return gated(slice(both, 2, 0, width), slice(both, 2, width, 2 * width), activation);
    }
    const up = linear(x, projection.up, options);
    return "gate" in projection
      ? gated(linear(x, projection.gate, options), up, activation)
      : activate(up, activation);
  };
  return linear(inner(), down, options);
}

const gated = (gate: Node, up: Node, activation: Activation): Node =>
  activation === "silu" ? swiGLU(gate, up) : mul(activate(gate, activation), up);

const activate = (x: Node, activation: Activation): Node =>
  activation === "silu" ? mul(x, sigmoid(x)) : gelu(x, { tanh: activation === "gelu-tanh" });
