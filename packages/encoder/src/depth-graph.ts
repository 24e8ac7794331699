import type { Executable } from "@espalier/tensor";
import { textEncoder } from "./blocks/text-encoder.ts";
import type { Encoder } from "./encoder.ts";
import { frozen } from "./training/lora.ts";

/** The name of the output with the pooled states after so many layers. */
export const outputAt = (depth: number): string => `depth:${depth}`;

/** The graph of an encoder that gives the pooled states at several depths, each under the name of its depth: [batch, hidden]. */
export function openAtDepths(
  { model, engine, adapter }: Encoder,
  depths: readonly number[],
): Promise<Executable> {
  const { linears, weights } = frozen(model, adapter);
  const pooled = textEncoder(model.config, depths, linears);
  return engine.open(Object.fromEntries(depths.map((depth, i) => [outputAt(depth), pooled[i]!])), weights);
}
