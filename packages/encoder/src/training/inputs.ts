import type { Mode, ResolvedEncoding, ResolvedTrainingSettings, Triplet } from "@espalier/contract";
import type { Template } from "@espalier/model/tokenizer";
import type { LoadedModel } from "../loaded-model.ts";
import type { TeacherVectors } from "./teacher.ts";

/** What a training starts from: the same inputs give the same bits. */
export interface TrainingInputs {
  readonly model: LoadedModel;
  readonly triplets: readonly Triplet[];
  readonly settings: ResolvedTrainingSettings;
  readonly encoding: Omit<ResolvedEncoding, "template">;
  readonly template?: Template;
  /** @default "default" */
  readonly mode?: Mode;
  /** Of the objective `distill`. */
  readonly teacher?: TeacherVectors | undefined;
}
