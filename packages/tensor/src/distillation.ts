import type { Node } from "./node.ts";
import { matmul, mul, reduceMean, reduceSum, sub } from "./op.ts";
import { normalize } from "./loss.ts";

/** What a student learns of its teacher: see {@link distillationLoss}. */
export type DistillationTarget = "mse" | "cosine" | "similarities";

/**
 * How far the vectors of a student are from saying what those of its teacher say of the same texts. → scalar.
 * - `mse`: the mean over texts and numbers of (s − t)². Reimers and Gurevych 2020 (arXiv:2004.09813), MSELoss of sentence-transformers.
 * - `cosine`: the mean over texts of 1 − cos(s, t).
 * - `similarities`: the mean over pairs of texts of (cos(sᵢ, sⱼ) − cos(tᵢ, tⱼ))², which takes a teacher of any width. Tung and Mori 2019
 *   (arXiv:1907.09682, equation 4), with cosines as the similarities.
 * @param student [texts, width]
 * @param teacher [texts, width of the teacher], for the first two as wide as the student
 */
export function distillationLoss(target: DistillationTarget, student: Node, teacher: Node): Node {
  const square = (x: Node) => mul(x, x);
  const cosines = (x: Node) => matmul(normalize(x), normalize(x), { transposeB: true });
  switch (target) {
    case "mse":
      return reduceMean(square(sub(student, teacher)), [0, 1]);
    case "cosine":
      return sub(1, reduceMean(reduceSum(mul(normalize(student), normalize(teacher)), [1]), [0]));
    case "similarities":
      return reduceMean(square(sub(cosines(student), cosines(teacher))), [0, 1]);
  }
}
