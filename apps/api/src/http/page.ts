import { Type, type TSchema } from "typebox";

/** Schema of one page of a list. */
export const page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), cursor: Type.Optional(Type.String()) });

/** Schema of a list that has no pages. */
export const list = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item) });
