import { Type } from "typebox";
import { Precision } from "../pool/engine.ts";
import { Encoding } from "../models/encoding.ts";

/** What every job says. A job that needs no tensors starts no engine. */
export const jobFields = {
  engine: Type.String(),
  /** @default the engine's first */
  precision: Type.Optional(Precision),
  /** Address of the device among those that the process sees, such as `cuda`. @default the engine's first kind */
  device: Type.Optional(Type.String()),
  /** Addresses of all its devices, where they are several: each of them computes. @default `device` alone */
  devices: Type.Optional(Type.Array(Type.String(), { minItems: 2 })),
  threads: Type.Optional(Type.Integer({ minimum: 1 })),
  /** What its devices are called, for the result. @default the processor's name */
  deviceNames: Type.Optional(Type.Array(Type.String())),
};

/** How texts are embedded; `auto` among the templates goes by the name. */
export const embeddingFields = {
  modelName: Type.Optional(Type.String({ description: "of the imported model that this one was made from" })),
  encoding: Encoding,
};
