import { add, mul, type Node } from "@espalier/tensor";
import type { ModelConfig, Residual } from "@espalier/model";
import { attend, type Sight } from "./attention.ts";
import { feedForward } from "./feed-forward.ts";
import type { LinearOptions } from "./linear.ts";
import { norm } from "./norm.ts";

export type Through = (before: Node, after: Node, layer: number) => Node;

/**
 * The states x [batch, time, hidden] of embedded tokens after each of the first `layers` layers, before a final norm.
 * With causal attention a position sees itself and earlier ones, so that padding on the right never reaches a token.
 * @param through what comes out of a layer, given what went in and what the layer made of it. @default the latter
 */
export function layerStates(
  { blocks, embedding }: Pick<ModelConfig, "blocks" | "embedding">,
  layers: number,
  embeddings: Node,
  sight: Sight,
  options: LinearOptions,
  through: Through = (_, after) => after,
): Node[] {
  const { parameter } = options;
  const embedded = embedding.norm ? norm(embeddings, embedding.norm, parameter) : embeddings;
  let x = options.dropout?.of(embedded, "hidden") ?? embedded;
  return blocks.slice(0, layers).map((block, layer) => {
    const before = x;
    const attended = residual(x, block.attention, options, (h) => attend(h, block.attention, sight, options));
    const after = residual(attended, block.feedForward, options, (h) =>
      feedForward(h, block.feedForward, options),
    );
    x = through(before, after, layer);
    return x;
  });
}

/** closing(x + residualScale · after(f(before(x)))) */
function residual(
  x: Node,
  { before, after, closing, residualScale }: Residual,
  { parameter, dropout }: LinearOptions,
  f: (x: Node) => Node,
): Node {
  const computed = f(before ? norm(x, before, parameter) : x);
  const y = dropout?.of(computed, "hidden") ?? computed;
  const branch = after ? norm(y, after, parameter) : y;
  const sum = add(x, residualScale === 1 ? branch : mul(branch, residualScale));
  return closing ? norm(sum, closing, parameter) : sum;
}
