import { Type, type Static } from "typebox";
import { HubSource, ModelSource } from "./hub.ts";
import { idOf, Name, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";
import { Promotion } from "../experiments/promotion.ts";
import { Problem } from "../problem.ts";

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
  architecture: Type.Optional(
    Type.Unsafe<Architecture>({ ...Architecture, description: "absent until a hub import has read it" }),
  ),
  bytes: Type.Integer({ minimum: 0, description: "of all its files" }),
  files: Type.Array(
    Type.Object({ name: Type.String(), artifactId: idOf("artifact"), bytes: Type.Integer({ minimum: 0 }) }),
    {
      description: "a Hugging Face folder; of a trained model with its adapter",
    },
  ),
  baseModelId: Type.Optional(idOf("model")),
  source: Type.Optional(ModelSource),
  runId: Type.Optional(idOf("run")),
  promotion: Type.Optional(Promotion),
  createdAt: Timestamp,
  createdBy: CreatedBy,
});
export type Model = Static<typeof Model>;

/** @throws {Problem} `resource/conflict` for a model of a hub whose import has not read it yet */
export function knownArchitecture({
  name,
  architecture,
}: Pick<Model, "name" | "architecture">): Architecture {
  if (architecture !== undefined) return architecture;
  throw new Problem(
    "resource/conflict",
    `The model ${name} is still being imported; wait until it is READY.`,
  );
}

/** Whether a name that is taken means the new one from now on. */
export const Replace = Type.Boolean({
  default: false,
  description: "take the name from another that has it; otherwise that is refused",
});

/** `POST /v1/models`: registers the files of an upload, or imports a model of the hub. */
export const ModelCreate = Type.Union([
  Type.Object(
    { name: Name, uploadId: idOf("upload"), replace: Type.Optional(Replace) },
    { additionalProperties: false },
  ),
  Type.Object(
    { name: Name, source: HubSource, replace: Type.Optional(Replace) },
    { additionalProperties: false },
  ),
]);
export type ModelCreate = Static<typeof ModelCreate>;
