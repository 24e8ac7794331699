import { Type, type Static } from "typebox";
import { idOf, Name, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";

/** Pages of the dashboard whose filters and columns can be kept. */
const viewPages = ["pool", "queue", "runs", "experiments", "models", "datasets"] as const;
const ViewPage = Type.Enum(viewPages);

const fields = {
  name: Name,
  page: ViewPage,
  query: Type.String({ maxLength: 4000, description: "what the page's address has after `?`" }),
  shared: Type.Optional(Type.Boolean({ default: false, description: "the whole team sees it" })),
};

/** Filters and columns of a page under a name: its maker's own, or shared with the team. */
export const View = Type.Object({
  id: idOf("view"),
  ...fields,
  shared: Type.Boolean(),
  createdBy: CreatedBy,
  createdAt: Timestamp,
  changedAt: Timestamp,
});
export type View = Static<typeof View>;

/** `POST /v1/views`, and `PUT /v1/views/:viewId` in place of one. */
export const ViewCreate = Type.Object(fields, { additionalProperties: false });
export type ViewCreate = Static<typeof ViewCreate>;

/** `GET /v1/views` */
export const ViewQuery = Type.Object({ page: Type.Optional(ViewPage) }, { additionalProperties: false });
export type ViewQuery = Static<typeof ViewQuery>;
