import { Type, type Static } from "typebox";
import { idOf, Sha256, Timestamp } from "../id.ts";

export const ArtifactKind = Type.Enum([
  "model-file",
  "adapter-file",
  "export-file",
  "dataset",
  "search-result",
  "evaluation-result",
  "evaluation-units",
  "teacher-vectors",
  "manifest",
]);
export type ArtifactKind = Static<typeof ArtifactKind>;

/** Bytes with a checksum. Never overwritten: another content is another artifact. */
export const Artifact = Type.Object({
  id: idOf("artifact"),
  kind: ArtifactKind,
  name: Type.String({ description: "path inside its model or run, such as `onnx/model.onnx`" }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
  runId: Type.Optional(idOf("run")),
  attempt: Type.Optional(Type.Integer({ minimum: 1 })),
  sources: Type.Array(idOf("artifact"), { description: "what it was made from" }),
  createdAt: Timestamp,
});
export type Artifact = Static<typeof Artifact>;
