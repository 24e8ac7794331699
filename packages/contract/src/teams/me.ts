import { Type, type Static } from "typebox";
import { Name } from "../id.ts";
import { ApiKey } from "./key.ts";
import { TeamRole } from "./role.ts";
import { Team, TeamUser } from "./team.ts";

/** `GET /v1/me`: whose the key of the request is, what it may do, and what its team and its user may use and have used. */
export const Me = Type.Object({
  team: Type.Omit(Team, ["users"]),
  user: Type.Optional(TeamUser),
  /** Its `role` and whether it is an `operator`'s say what it may do. */
  key: ApiKey,
  teams: Type.Array(
    Type.Object({ name: Name, role: TeamRole, operator: Type.Optional(Type.Literal(true)) }),
    {
      description:
        "by an OpenID provider those of one's groups, any of which one can sign in to; by a key its own",
    },
  ),
});
export type Me = Static<typeof Me>;
