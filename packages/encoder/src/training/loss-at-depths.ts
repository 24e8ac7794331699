import { Random } from "../random.ts";
import { addTo } from "../vectors.ts";
import { layerAgreement } from "./layer-agreement.ts";

/** A loss and its gradient with respect to the vectors that it was computed of. */
export interface VectorLoss {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/**
 * The loss of a model at its whole depth N and at n drawn ones: L_N + Σ_d L_d / ((1 + d) n) + Σ_d τ·KL_d, with the KL of
 * {@link layerAgreement}. So does AdaptiveLayerLoss of sentence-transformers with its default weights, after 2DMSE
 * (arXiv:2402.14776); it may also draw the depth 0, which is no model.
 * @param lossOf the loss of vectors at one depth
 * @param whole vectors at the whole depth
 * @param vectors at each smaller depth that is in use
 * @returns the gradient with respect to the vectors at the whole depth and at each that was drawn
 */
export async function lossAtDepths(
  lossOf: (vectors: Float32Array) => Promise<VectorLoss>,
  whole: Float32Array,
  vectors: (depth: number) => Float32Array,
  { layers, drawn, width }: { layers: number; drawn: readonly number[]; width: number },
): Promise<{ loss: number; gradients: Map<number, Float32Array> }> {
  let { loss, gradient } = await lossOf(whole);
  const gradients = new Map([[layers, gradient]]);
  for (const depth of drawn) {
    const shallow = vectors(depth);
    const one = await lossOf(shallow);
    const agreement = layerAgreement(shallow, whole, width);
    const weight = 1 / ((1 + depth) * drawn.length);
    loss += weight * one.loss + agreement.loss;
    addTo(gradient, agreement.whole);
    addTo(agreement.shallow, one.gradient, weight);
    gradients.set(depth, agreement.shallow);
  }
  return { loss, gradients };
}

/** Different depths below the whole model, all equally likely: the same for the same seed. */
export function drawDepths(layers: number, count: number, seed: number): number[] {
  const below = Array.from({ length: layers - 1 }, (_, i) => i + 1);
  return Random.seeded(seed).shuffled(below).slice(0, count);
}
