import type { Me } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { Principal } from "../auth/principal.ts";

/** Whose a key or a session is, and what its team and its user may use and have used. */
export async function describeMe(
  { teams }: Pick<Store, "teams">,
  { teamId, teamName, userId, keyId }: Principal,
): Promise<Me> {
  const [{ users, ...team }, key, signIn] = await Promise.all([
    teams.get(teamName),
    teams.getKey(teamId, keyId),
    teams.identitySignIn(keyId),
  ]);
  const user = users.find(({ id }) => id === userId);
  const own = { name: teamName, role: key.role, ...(key.operator && { operator: true as const }) };
  return { team, ...(user && { user }), key, teams: signIn?.memberships ?? [own] };
}
