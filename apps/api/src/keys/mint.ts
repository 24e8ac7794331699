import { Problem, type KeyCreate, type NewApiKey } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { Principal } from "../auth/principal.ts";
import { refusePast } from "./rights.ts";

/**
 * Makes a key. A team's admins make its keys. Where it has none who can, an operator does; where it has one, an operator's key would
 * open what only the team may read. An operator also makes the team where it is missing.
 * @throws {Problem} `auth/forbidden`; `request/invalid` for a key that would have ended already
 */
export async function mint(
  { teams }: Pick<Store, "teams">,
  by: Principal,
  teamName: string,
  key: KeyCreate,
): Promise<NewApiKey> {
  if (key.operator && !by.operator)
    throw new Problem("auth/forbidden", "Only a pool operator's key makes another operator's key.", {
      field: "/operator",
    });
  refusePast(key.expiresAt);
  const { id } = await teams.ensure(teamName);
  const admin = by.teamId === id && by.role === "admin" ? undefined : await teams.adminKey(id);
  if (admin !== undefined)
    throw new Problem(
      "auth/forbidden",
      `Team ${teamName} has an admin (key ${admin}), who makes its keys; an operator does only where there is none.`,
    );
  return teams.createKey(id, key);
}
