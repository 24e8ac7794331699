import { Type } from "typebox";
import { Name } from "../id.ts";

/** A word by which runs are found again, such as `baseline` or `lr=1e-4`. */
export const Tag = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}._:/=+-]*[\\p{L}\\p{M}\\p{N}])?$",
  description: "letters and digits of any script; . _ - / : = + inside",
});

/** What people call a run, and say of it. */
export const RunLabels = {
  name: Type.Optional(Type.Unsafe<string>({ ...Name, description: "what people call it" })),
  tags: Type.Optional(
    Type.Array(Tag, { maxItems: 32, uniqueItems: true, description: "words by which it is found again" }),
  ),
  notes: Type.Optional(Type.String({ maxLength: 10_000, description: "what people say of it" })),
};

/** Changes of them; null takes one away, and tags are given as they are to be. */
export const RunLabelsChange = {
  name: Type.Optional(Type.Union([Name, Type.Null()])),
  tags: RunLabels.tags,
  notes: Type.Optional(Type.Union([RunLabels.notes, Type.Null()])),
};
