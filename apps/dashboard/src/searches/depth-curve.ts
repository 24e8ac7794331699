import type { SearchResult } from "@espalier/contract";

/** What was measured with the first 1, 2, 3 … layers of a model. */
export interface DepthCurve {
  name: string;
  values: readonly (number | null)[];
  standardErrors: readonly (number | null)[];
}

/** The curve over all depths that a search went by; undefined of rules that measure no depths. */
export function depthCurveOf({
  lossByLayer,
  standardErrorByLayer,
  curves = [],
}: SearchResult): DepthCurve | undefined {
  if (lossByLayer.length > 0)
    return { name: "Loss", values: lossByLayer, standardErrors: standardErrorByLayer };
  return curves.find(({ axis }) => axis === "depth");
}
