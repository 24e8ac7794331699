import type { ModelSize } from "./memory.ts";
import type { Work } from "./work.ts";

/** What the service asks about a run of one kind before it starts, of the spec alone. */
export interface KindRules<Spec> {
  /** It computes next to nothing, so that others may use its device meanwhile, unless the run says otherwise. */
  readonly sharesDevice: boolean;
  /** The spec with every default written out that neither the model nor the data decide. */
  readonly resolve: (spec: Spec) => Spec;
  /** Runs whose results the spec refers to. */
  readonly dependencies: (spec: Spec) => readonly (string | undefined)[];
  /** Tokens that it computes at once, padding included; undefined where it does not compute in chunks. */
  readonly chunkTokens: (spec: Spec) => number | undefined;
  /**
   * Peak of memory that is expected on each device, in bytes, before any margin; undefined while nothing is known of the
   * model. Of kinds that compute in chunks it is that with chunks of `chunkTokens`, its own unless another is given.
   */
  readonly predictMemory: (
    spec: Spec,
    size: ModelSize | undefined,
    chunkTokens?: number,
  ) => number | undefined;
  /** Bytes of activations of all its texts that could be kept instead of computed again. */
  readonly keepable?: (spec: Spec, size: ModelSize) => number;
  /** What it has to do, for a prior of how long it takes; undefined while nothing is known of the model. */
  readonly work: (spec: Spec, size: ModelSize | undefined) => Work | undefined;
  /** What the run makes of a model of some size. */
  readonly sizeAfter: (spec: Spec, size: ModelSize) => ModelSize;
  /** What a person can change when memory ran out with chunks of `tried` tokens; of a kind without chunks undefined. */
  readonly memoryAdvice?: (spec: Spec, tried: number) => readonly string[];
}

export const noChunks = (): undefined => undefined;
export const sameSize = (_spec: unknown, size: ModelSize): ModelSize => size;

/** The run that a reference names, if it names one. */
export const runOf = (ref: unknown): string | undefined =>
  typeof ref === "object" && ref !== null && "run" in ref ? (ref.run as string) : undefined;
