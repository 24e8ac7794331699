import { add, matmul, type Node } from "@espalier/tensor";
import type { Linear } from "@espalier/model";
import type { Dropout } from "./dropout.ts";
import type { Parameter } from "./parameters.ts";

/** Low-rank adaptation of linear layers: W·x + alpha/rank · B·A·x. Hu et al. 2021 (arXiv:2106.09685). */
export interface Adapter {
  readonly rank: number;
  readonly alpha: number;
  /** Makes the factors A [rank, in] and B [out, rank], under PEFT's names. */
  readonly parameter: Parameter;
  /** Whether a linear layer is adapted, by its name. @default all are */
  readonly adapts?: (name: string) => boolean;
}

/** The name that PEFT gives to a factor of a linear layer, such as `layers.0.self_attn.q_proj`, of a bare model. */
export const loraName = (linearLayer: string, factor: "A" | "B"): string =>
  `base_model.model.${linearLayer}.lora_${factor}.weight`;

/** The parameters that a linear layer multiplies by. */
export interface LinearOptions {
  readonly parameter: Parameter;
  readonly adapter?: Adapter | undefined;
  readonly dropout?: Dropout | undefined;
}

/** x [..., inputs] times the matrix [outputs, inputs], adapted where asked, plus its bias → [..., outputs]. */
export function linear(x: Node, layer: Linear, options: LinearOptions): Node {
  const { parameter, adapter, dropout } = options;
  const { name, inputs, outputs, bias } = layer;
  const product = matmul(x, parameter(`${name}.weight`, [outputs, inputs]), { transposeB: true });
  const y = bias ? add(product, parameter(`${name}.bias`, [outputs])) : product;
  if (adapter === undefined || adapter.adapts?.(name) === false) return y;
  const { rank, alpha } = adapter;
  const seen = dropout?.of(x, "adapter") ?? x;
  const down = matmul(seen, adapter.parameter(loraName(name, "A"), [rank, inputs]), { transposeB: true });
  const up = matmul(down, adapter.parameter(loraName(name, "B"), [outputs, rank]), {
    transposeB: true,
    scale: alpha / rank,
  });
  return add(y, up);
}
