import { Type, type Static } from "typebox";
import { jobFields } from "../compute/job-fields.ts";
import { idOf } from "../id.ts";
import { HubSource } from "../models/hub.ts";
import { Architecture } from "../models/model.ts";
import { streamingBytes, type ModelSize } from "./memory.ts";
import { Remarks } from "./remarks.ts";
import { noChunks, sameSize, type KindRules } from "./rules.ts";
import { downloadWork, filesWork, type Work } from "./work.ts";

const closed = { additionalProperties: false } as const;

/**
 * Checks the tensors of an upload, or of a model that it downloads from the hub, and makes the model READY. Submitted
 * through `POST /v1/models` only.
 */
export const ImportSpec = Type.Union([
  Type.Object({ kind: Type.Literal("import"), modelId: idOf("model"), uploadId: idOf("upload") }, closed),
  Type.Object({ kind: Type.Literal("import"), modelId: idOf("model"), source: HubSource }, closed),
]);
export type ImportSpec = Static<typeof ImportSpec>;

export const ImportJob = Type.Object({ ...jobFields, kind: Type.Literal("import"), model: Type.String() });

export const HubImportJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("hub-import"),
  source: HubSource,
  downloads: Type.String({
    description: "folder that exists; an earlier attempt may have left a part of it",
  }),
  output: Type.String(),
  maxFileBytes: Type.Integer({ minimum: 1 }),
});

/** What an import has found out. A model that was uploaded stays where it is. */
export const ImportOutcome = Type.Object({
  kind: Type.Literal("import"),
  architecture: Architecture,
  ...Remarks.properties,
  commit: Type.Optional(Type.String({ description: "of a hub; the model's files are in `output`" })),
});

/** What an import has to do; without a size, a download of which nobody knows how much comes. */
export const importWork = (size?: ModelSize): Work => filesWork(size, 1) ?? downloadWork;

export const importRules: KindRules<ImportSpec> = {
  sharesDevice: true,
  resolve: (spec) => spec,
  dependencies: () => [],
  chunkTokens: noChunks,
  predictMemory: () => streamingBytes,
  work: (_spec, size) => importWork(size),
  sizeAfter: sameSize,
};
