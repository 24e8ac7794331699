import { add, layerNorm, rmsNorm, type Node } from "@espalier/tensor";
import type { Norm } from "@espalier/model";
import type { Parameter } from "./parameters.ts";

/** Normalises the last axis of x by the weights that a checkpoint has for it. */
export function norm(x: Node, { name, kind, width, epsilon }: Norm, parameter: Parameter): Node {
  const weight = parameter(`${name}.weight`, [width]);
  switch (kind) {
    case "rms":
      return rmsNorm(x, weight, epsilon);
    case "rms-offset":
      return rmsNorm(x, add(weight, 1), epsilon);
    case "layer":
      return layerNorm(x, weight, parameter(`${name}.bias`, [width]), epsilon);
  }
}
