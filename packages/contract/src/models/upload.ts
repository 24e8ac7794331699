import { Type, type Static } from "typebox";
import { idOf, Sha256, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";

/** Files on their way to becoming a model. Removed once used, or after a day. */
export const Upload = Type.Object({
  id: idOf("upload"),
  files: Type.Array(
    Type.Object({ name: Type.String(), bytes: Type.Integer({ minimum: 0 }), sha256: Sha256 }),
  ),
  createdAt: Timestamp,
  createdBy: CreatedBy,
});
export type Upload = Static<typeof Upload>;
