import { Type } from "typebox";

/** What a user of a model should know of its files, in full sentences: what was read past, or is read in two ways. */
export const Remarks = Type.Object({
  remarks: Type.Optional(
    Type.Array(Type.String(), { description: "what a user should know of the model's files" }),
  ),
});
