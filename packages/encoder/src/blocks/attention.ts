import { attention as mix, reshape, rotary, slice, type Band, type Node } from "@espalier/tensor";
import type { Attention, ModelConfig, Norm } from "@espalier/model";
import { linear, type LinearOptions } from "./linear.ts";
import { norm } from "./norm.ts";
import type { RotaryTables } from "./rotary-tables.ts";

/** What a layer's positions see of each other. */
export interface Sight {
  readonly direction: ModelConfig["direction"];
  readonly rotary: readonly RotaryTables[];
  /** [batch, 1, 1, 1, time], added to the scores: hides padding where attention looks both ways. */
  readonly padding?: Node | undefined;
}

/** Attention of x [batch, time, hidden] within each text → [batch, time, hidden]. */
export function attend(x: Node, layer: Attention, sight: Sight, options: LinearOptions): Node {
  const { heads, keyValueHeads, headSize, queryKeyNorm } = layer;
  const [query, key, value] = project(x, layer, options);
  const turn = (part: Node, count: number) => {
    const tables = layer.rotary === undefined ? undefined : sight.rotary[layer.rotary];
    return tables ? rotary(part, tables.cos, tables.sin, count) : part;
  };
  const normed = (part: Node, count: number, by: Norm | undefined) =>
    by ? normHeads(part, count, headSize, by, options) : part;
  const mixed = mix(
    turn(normed(query, heads, queryKeyNorm?.query), heads),
    turn(normed(key, keyValueHeads, queryKeyNorm?.key), keyValueHeads),
    value,
    {
      heads,
      kvHeads: keyValueHeads,
      scale: layer.scale,
      softcap: layer.softcap,
      band: bandOf(layer.window, sight.direction),
      ...(sight.padding && { bias: sight.padding }),
      drop: (weights) => options.dropout?.of(weights, "attention") ?? weights,
    },
  );
  return linear(mixed, layer.output, options);
}

/** A window of n shows a position itself and the n − 1 before it, or on either side. */
function bandOf(window: number | undefined, direction: Sight["direction"]): Band {
  const reach = window === undefined ? null : window - 1;
  return { before: reach, after: direction === "causal" ? 0 : reach };
}

function project(x: Node, { projection, heads, keyValueHeads, headSize }: Attention, options: LinearOptions) {
  if (!("name" in projection))
    return [
      linear(x, projection.query, options),
      linear(x, projection.key, options),
      linear(x, projection.value, options),
    ] as const;
  const all = linear(x, projection, options);
  const [query, keyValue] = [heads * headSize, keyValueHeads * headSize];
  const part = (start: number, width: number) => slice(all, 2, start, start + width);
  return [part(0, query), part(query, keyValue), part(query + keyValue, keyValue)] as const;
}

/** Normalises each head apart where the norm is as wide as one, all heads together otherwise. */
function normHeads(x: Node, heads: number, headSize: number, by: Norm, { parameter }: LinearOptions): Node {
  if (by.width !== headSize || heads === 1) return norm(x, by, parameter);
  const [batch, time, width] = x.shape;
  return reshape(norm(reshape(x, [batch!, time!, heads, headSize]), by, parameter), [batch!, time!, width!]);
}
