import {
  distillationLoss,
  gradients,
  input,
  slice,
  type DistillationTarget,
  type Engine,
  type Executable,
  type Tensor,
} from "@espalier/tensor";
import type { VectorLoss } from "./loss-at-depths.ts";

/** How a student learns from a teacher. */
export interface DistillationOptions {
  readonly target: DistillationTarget;
  /** Numbers in a vector of the teacher. */
  readonly width: number;
  /** How much the contrastive loss of the batch counts beside. */
  readonly contrastiveWeight: number;
}

/** The loss of a student's vectors against its teacher's, and its gradient with respect to the student's. */
export class Distillation {
  readonly #graph: Executable;
  readonly #widths: { readonly student: number; readonly teacher: number };

  private constructor(graph: Executable, widths: { student: number; teacher: number }) {
    this.#graph = graph;
    this.#widths = widths;
  }

  /** @param prefixes lengths of prefixes of the student's vectors whose losses are added up. @default the whole vector */
  static async open(
    engine: Engine,
    { target, width: teacherWidth }: Pick<DistillationOptions, "target" | "width">,
    width: number,
    prefixes: readonly number[] = [width],
  ): Promise<Distillation> {
    const student = input("student", ["texts", width]);
    const teacher = input("teacher", ["texts", teacherWidth]);
    const losses = prefixes.map((length) =>
      distillationLoss(target, length === width ? student : slice(student, 1, 0, length), teacher),
    );
    const [gradient] = gradients(
      losses.map((output) => ({ output })),
      [student],
    );
    const outputs = Object.fromEntries(losses.map((loss, i) => [`loss${i}`, loss]));
    const graph = await engine.open({ ...outputs, gradient: gradient! });
    return new Distillation(graph, { student: width, teacher: teacherWidth });
  }

  /** @param student [texts, width], as many as of the `teacher` */
  async withGradient(student: Float32Array, teacher: Float32Array): Promise<VectorLoss> {
    const matrix = (data: Float32Array, width: number): Tensor => ({
      dtype: "f32",
      shape: [data.length / width, width],
      data,
    });
    const { gradient, ...losses } = await this.#graph.run({
      student: matrix(student, this.#widths.student),
      teacher: matrix(teacher, this.#widths.teacher),
    });
    const loss = Object.values(losses).reduce((sum, { data }) => sum + data[0]!, 0);
    return { loss, gradient: gradient!.data as Float32Array };
  }

  close(): Promise<void> {
    return this.#graph.close();
  }
}
