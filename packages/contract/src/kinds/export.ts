import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { filled } from "../defaults.ts";
import { idOf, Name } from "../id.ts";
import { Encoding, checkedEncoding } from "../models/encoding.ts";
import { Architecture } from "../models/model.ts";
import { ModelRef } from "../models/model-ref.ts";
import { baseBytes, tableBytes, weightBytes } from "./memory.ts";
import { Remarks } from "./remarks.ts";
import { noChunks, runOf, sameSize, type KindRules } from "./rules.ts";
import { filesWork } from "./work.ts";

export const exportFormats = ["safetensors", "peft", "sentence-transformers", "onnx"] as const;

/**
 * - `safetensors`: the encoder alone, an adapter merged into it; transformers' `AutoModel` loads it
 * - `peft`: the adapter, for the base model as it was imported
 * - `sentence-transformers`: the encoder with its pooling
 * - `onnx`: for ONNX Runtime and transformers.js, with weights in fp32 and, where that is true enough, in 8 bits
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

/** The least cosine with which an export is accepted. */
export const leastParity = 0.9999;

/** Of what is rounded to 8 bits on purpose. A file that is worse is left out. */
export const RoundedParity = Type.Object({
  ...Parity.properties,
  refused: Type.Optional(Type.Boolean({ description: "the file is left out, as it is not true enough" })),
});
export type RoundedParity = Static<typeof RoundedParity>;

/** The least cosine with which a file in 8 bits is accepted. */
export const leastRoundedParity = 0.99;

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
  int8: Type.Optional(RoundedParity),
});
export type Export = Static<typeof Export>;

/** A format that the model cannot be written in, of an export that was to leave such formats out. */
export const LeftOut = Type.Object({
  format: ExportFormat,
  reason: Type.String({ description: "what stands against it, and what would help" }),
});
export type LeftOut = Static<typeof LeftOut>;

export const ExportResult = Type.Object({
  ...Remarks.properties,
  modelId: Type.Optional(idOf("model")),
  exports: Type.Array(Export),
  leftOut: Type.Optional(Type.Array(LeftOut)),
  notes: Type.Array(Type.String(), { description: "what a user of the folders should know" }),
});
export type ExportResult = Static<typeof ExportResult>;

const usualShardBytes = 5_000_000_000;

const closed = { additionalProperties: false } as const;

/** Writes what other tools load. The encoding is that which the model was trained with, unless it is given. */
export const ExportSpec = Type.Object(
  {
    kind: Type.Literal("export"),
    model: ModelRef,
    formats: Type.Optional(
      Type.Array(ExportFormat, {
        minItems: 1,
        maxItems: exportFormats.length,
        uniqueItems: true,
        default: ["safetensors"],
      }),
    ),
    leaveOut: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "leave out formats that the model cannot have, and say why, while one is left; else the run fails",
      }),
    ),
    encoding: Type.Optional(Encoding),
    dtype: Type.Optional(
      Type.Enum(["F32", "BF16", "F16"], { description: "of safetensors; default: that of each weight" }),
    ),
    shardBytes: Type.Optional(
      Type.Integer({
        minimum: 1_000_000,
        default: usualShardBytes,
        description: "most bytes of one file of weights",
      }),
    ),
    name: Type.Optional(Name),
  },
  closed,
);
export type ExportSpec = Static<typeof ExportSpec>;

const ExportSettings = Type.Pick(ExportSpec, ["formats", "dtype", "shardBytes"]);
type ExportSettings = Static<typeof ExportSettings>;

/**
 * Words and numbers as they were typed, with the defaults of a run.
 * @throws {Problem} `request/invalid` naming the field
 */
export const resolveExportSettings = (settings: { readonly [Name in keyof ExportSettings]?: unknown }) =>
  filled(ExportSettings, {}, settings as ExportSettings) as Required<Omit<ExportSettings, "dtype">> &
    Pick<ExportSettings, "dtype">;

export const ExportJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("export"),
  model: Type.String(),
  adapter: Type.Boolean(),
  /** What the adapter is to be put on, and which of its layers were kept. */
  base: Type.Object({
    name: Type.String(),
    layers: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
    config: Type.String({ description: "its config.json" }),
  }),
  formats: Type.Array(ExportFormat, { minItems: 1 }),
  leaveOut: Type.Boolean(),
  ...embeddingFields,
  dtype: Type.Optional(Type.Enum(["F32", "BF16", "F16"])),
  shardBytes: Type.Integer({ minimum: 1 }),
  output: Type.String(),
});

/** One format: which file of the output folder stands where in its own. */
const ExportedFolder = Type.Object({
  format: ExportFormat,
  files: Type.Array(Type.Object({ name: Type.String(), path: Type.String() })),
  parity: Parity,
  int8: Type.Optional(RoundedParity),
});
export type ExportedFolder = Static<typeof ExportedFolder>;

export const ExportOutcome = Type.Object({
  kind: Type.Literal("export"),
  /** Of the merged model, where there is one. */
  architecture: Type.Optional(Architecture),
  exports: Type.Array(ExportedFolder),
  leftOut: Type.Optional(Type.Array(LeftOut)),
  notes: Type.Array(Type.String()),
  ...Remarks.properties,
});

export const exportRules: KindRules<ExportSpec> = {
  sharesDevice: false,
  resolve: ({ encoding, ...spec }) => ({
    ...spec,
    formats: spec.formats ?? ["safetensors"],
    leaveOut: spec.leaveOut ?? false,
    shardBytes: spec.shardBytes ?? usualShardBytes,
    ...(encoding === undefined ? {} : { encoding: checkedEncoding(encoding) }),
  }),
  dependencies: ({ model }) => [runOf(model)],
  chunkTokens: noChunks,
  // The merged model is written while the one that it is compared with computes.
  predictMemory: (_spec, size) => size && Math.round(baseBytes(size) + weightBytes(size) + tableBytes(size)),
  work: (_spec, size) => filesWork(size, 3),
  sizeAfter: sameSize,
};
