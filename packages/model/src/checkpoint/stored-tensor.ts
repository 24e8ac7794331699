import type { WeightDtype } from "./dtype.ts";

/** Where the bytes of one weight lie. `offset` counts from the start of `file`, so ONNX external data may point there. */
export interface StoredTensor {
  /** The name in the file, which may carry the prefix `model.`. */
  readonly storedName: string;
  /** Base name of a file in the checkpoint's directory. */
  readonly file: string;
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
}
