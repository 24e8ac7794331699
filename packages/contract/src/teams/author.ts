import { Type, type Static } from "typebox";
import { idOf, PageQuery } from "../id.ts";

/** On whose behalf something was made or done. Names are those of that time. */
export const Author = Type.Object({
  user: Type.String({ description: "of the team; `default` for a key that is nobody's" }),
  key: Type.Optional(
    Type.Object(
      { id: idOf("key"), name: Type.String() },
      { description: "that asked for it, or for the schedule" },
    ),
  ),
  schedule: Type.Optional(
    Type.Object(
      { id: idOf("schedule"), name: Type.String() },
      { description: "the schedule that did it, for whoever made the schedule" },
    ),
  ),
});
export type Author = Static<typeof Author>;

/** Field of what somebody makes. */
export const CreatedBy = Type.Optional(
  Type.Unsafe<Author>({
    ...Author,
    description: "who made it; absent before this was kept",
  }),
);

/** Query of lists of what somebody makes. */
export const MadeByQuery = Type.Object(
  {
    ...PageQuery.properties,
    createdBy: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "made by this user of the team" }),
    ),
  },
  { additionalProperties: false },
);
export type MadeByQuery = Static<typeof MadeByQuery>;
