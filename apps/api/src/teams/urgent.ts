import { Problem, reaches, type PriorityClass, type TeamRole } from "@espalier/contract";
import type { Store } from "@espalier/store";

/**
 * Urgent runs interrupt those of other teams: who may ask for them is the operator's to say, for each team.
 * @param role of the key; absent for a schedule, whose maker was asked when it was made
 * @throws {Problem} `team/urgent-refused`
 */
export async function checkClass(
  asked: PriorityClass | undefined,
  {
    store,
    teamId,
    role,
    field,
  }: { store: Pick<Store, "teams">; teamId: string; role?: TeamRole; field: string },
): Promise<void> {
  if (asked !== "urgent") return;
  const from = await store.teams.urgentFrom(teamId);
  if (from !== "nobody" && (role === undefined || reaches(role, from))) return;
  throw new Problem(
    "team/urgent-refused",
    from === "nobody"
      ? "Nobody of this team may ask for class urgent; leave `class` out, or let an operator allow it."
      : `Only keys with the role \`${from}\` or more may ask for class urgent in this team; this one's is \`${role}\`.`,
    { field: `${field}/class` },
  );
}
