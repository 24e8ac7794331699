import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";

/** A model that exists, or the one that another run will produce. */
export const ModelRef = Type.Union([
  idOf("model"),
  Type.Object({ run: idOf("run") }, { additionalProperties: false }),
]);
export type ModelRef = Static<typeof ModelRef>;
