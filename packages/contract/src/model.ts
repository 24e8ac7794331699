import { Type, type Static } from "typebox";
import { idOf, Name, Timestamp } from "./id.ts";

export const ModelState = Type.Enum(["IMPORTING", "READY"]);
export type ModelState = Static<typeof ModelState>;

/** What the config says of a checkpoint. */
export const Architecture = Type.Object({
  type: Type.String({ description: "`model_type` of config.json" }),
  layers: Type.Integer({ minimum: 1 }),
  hiddenSize: Type.Integer({ minimum: 1 }),
  vocabularySize: Type.Integer({ minimum: 1 }),
  parameters: Type.Integer({ minimum: 0, description: "elements of all tensors, tied ones once" }),
  dtype: Type.String({ description: "of the checkpoint, as safetensors spells it" }),
});
export type Architecture = Static<typeof Architecture>;

/** A checkpoint, alone or with an adapter. Immutable once READY. */
export const Model = Type.Object({
  id: idOf("model"),
  name: Name,
  state: ModelState,
  architecture: Architecture,
  bytes: Type.Integer({ minimum: 0, description: "of all its files" }),
  files: Type.Array(
    Type.Object({ name: Type.String(), artifactId: idOf("artifact"), bytes: Type.Integer({ minimum: 0 }) }),
    {
      description:
        "a Hugging Face folder; a trained model adds adapter_config.json and adapter_model.safetensors",
    },
  ),
  baseModelId: Type.Optional(idOf("model")),
  runId: Type.Optional(idOf("run")),
  createdAt: Timestamp,
});
export type Model = Static<typeof Model>;

/** `POST /v1/models`: registers the files of an upload. */
export const ModelCreate = Type.Object(
  { name: Name, uploadId: idOf("upload") },
  { additionalProperties: false },
);
export type ModelCreate = Static<typeof ModelCreate>;
