import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";

export const exportFormats = ["safetensors", "peft", "sentence-transformers", "onnx"] as const;

/**
 * - `safetensors`: the encoder alone, an adapter merged into it; transformers' `AutoModel` loads it
 * - `peft`: the adapter, for the base model as it was imported
 * - `sentence-transformers`: the encoder with its pooling
 * - `onnx`: for ONNX Runtime and transformers.js, in fp32 and in 8 bits
 */
export const ExportFormat = Type.Enum(exportFormats);
export type ExportFormat = (typeof exportFormats)[number];

/** Cosines of an export's vectors with the trainer's, over texts of many kinds. */
export const Parity = Type.Object({
  texts: Type.Integer({ minimum: 1 }),
  least: Type.Number({ description: "the worst" }),
  mean: Type.Number(),
});
export type Parity = Static<typeof Parity>;

/** The least cosine with which an export is accepted; what is rounded to 8 bits on purpose is only measured. */
export const leastParity = 0.9999;

/** One folder: what other tools load. */
export const Export = Type.Object({
  format: ExportFormat,
  files: Type.Array(
    Type.Object({
      name: Type.String({ description: "path in the folder" }),
      artifactId: idOf("artifact"),
      bytes: Type.Integer({ minimum: 0 }),
    }),
  ),
  parity: Parity,
  int8: Type.Optional(Parity),
});
export type Export = Static<typeof Export>;

export const ExportResult = Type.Object({
  modelId: Type.Optional(idOf("model")),
  exports: Type.Array(Export),
  notes: Type.Array(Type.String(), { description: "what a user of the folders should know" }),
});
export type ExportResult = Static<typeof ExportResult>;
