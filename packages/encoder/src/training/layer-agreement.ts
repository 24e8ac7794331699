import { rowOf } from "../vectors.ts";

/** As AdaptiveLayerLoss of sentence-transformers has it. */
const temperature = 0.3;

/**
 * How far the vectors of a smaller depth are from saying what those of the whole model say: τ · KL(softmax(z/τ) ‖ softmax(x/τ)) over
 * the numbers of a vector, the mean over texts, with z of the whole model and x of the smaller depth (2DMSE, arXiv:2402.14776;
 * AdaptiveLayerLoss of sentence-transformers, temperature 0.3, which moves both as well).
 * @param shallow [texts, width], as `whole`
 * @returns the loss, and its gradients with respect to both
 */
export function layerAgreement(
  shallow: Float32Array,
  whole: Float32Array,
  width: number,
): { loss: number; shallow: Float32Array; whole: Float32Array } {
  const texts = shallow.length / width;
  const gradients = { shallow: new Float32Array(shallow.length), whole: new Float32Array(whole.length) };
  let loss = 0;
  for (let text = 0; text < texts; text++) {
    const [p, q] = [logSoftmax(rowOf(whole, text, width)), logSoftmax(rowOf(shallow, text, width))];
    const divergence = p.reduce((sum, logarithm, i) => sum + Math.exp(logarithm) * (logarithm - q[i]!), 0);
    loss += (temperature * divergence) / texts;
    for (let i = 0; i < width; i++) {
      const share = Math.exp(p[i]!);
      gradients.shallow[text * width + i] = (Math.exp(q[i]!) - share) / texts;
      gradients.whole[text * width + i] = (share * (p[i]! - q[i]! - divergence)) / texts;
    }
  }
  return { loss, ...gradients };
}

/** Logarithms of softmax(vector / τ). */
function logSoftmax(vector: Float32Array): Float64Array {
  const scaled = Float64Array.from(vector, (x) => x / temperature);
  const top = scaled.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = scaled.reduce((total, x) => total + Math.exp(x - top), 0);
  return scaled.map((x) => x - top - Math.log(sum));
}
