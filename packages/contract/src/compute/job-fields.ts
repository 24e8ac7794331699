import { Type } from "typebox";
import { Encoding } from "../models/encoding.ts";

/** What every job says. A job that needs no tensors starts no engine. */
export const jobFields = {
  engine: Type.String(),
  threads: Type.Optional(Type.Integer({ minimum: 1 })),
};

/** How texts are embedded; `auto` among the templates goes by the name. */
export const embeddingFields = {
  modelName: Type.Optional(Type.String({ description: "of the imported model that this one was made from" })),
  encoding: Encoding,
};
