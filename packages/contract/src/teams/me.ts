import { Type, type Static } from "typebox";
import { ApiKey } from "./key.ts";
import { Team, TeamUser } from "./team.ts";

/** `GET /v1/me`: whose the key of the request is, what it may do, and what its team and its user may use and have used. */
export const Me = Type.Object({
  team: Type.Omit(Team, ["users"]),
  user: Type.Optional(TeamUser),
  /** Its `role` and whether it is an `operator`'s say what it may do. */
  key: ApiKey,
});
export type Me = Static<typeof Me>;
