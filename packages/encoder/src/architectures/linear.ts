import { add, matmul, type Node } from "@espalier/graph";
import type { Parameter } from "./parameters.ts";

/** Low-rank adaptation of every linear layer: W·x + alpha/rank · B·A·x. Hu et al. 2021 (arXiv:2106.09685). */
export interface Adapter {
  readonly rank: number;
  readonly alpha: number;
  /** Makes the factors A [rank, in] and B [out, rank], under PEFT's names. */
  readonly parameter: Parameter;
}

/** The name that PEFT gives to a factor of a linear layer, such as `layers.0.self_attn.q_proj`, of a bare model. */
export const loraName = (linearLayer: string, factor: "A" | "B"): string =>
  `base_model.model.${linearLayer}.lora_${factor}.weight`;

/** The parameters that a linear layer multiplies by. */
export interface LinearOptions {
  readonly parameter: Parameter;
  readonly adapter?: Adapter | undefined;
}

/** x [..., in] times the matrix `<name>.weight` [out, in], adapted where asked → [..., out]. */
export function linear(x: Node, name: string, out: number, { parameter, adapter }: LinearOptions): Node {
  const width = x.shape.at(-1);
  if (typeof width !== "number") throw new TypeError(`${name}: the width of its input must be known`);
  const y = matmul(x, parameter(`${name}.weight`, [out, width]), { transposeB: true });
  if (adapter === undefined) return y;
  const { rank, alpha } = adapter;
  const down = matmul(x, adapter.parameter(loraName(name, "A"), [rank, width]), { transposeB: true });
  const up = matmul(down, adapter.parameter(loraName(name, "B"), [out, rank]), {
    transposeB: true,
    scale: alpha / rank,
  });
  return add(y, up);
}
