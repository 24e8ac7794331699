import { Type, type Static } from "typebox";

/** What a key, or whoever has signed in, may do in its team; each may also do what those before it may. */
export const teamRoles = {
  viewer: "reads all of its team",
  member: "submits; changes, cancels and deletes what is its own user's",
  maintainer: "changes, cancels and deletes what is anybody's in its team",
  admin:
    "makes and revokes keys of its team, sets its users' weights and quotas, and how long its data is kept",
} as const;

export const TeamRole = Type.Enum(Object.keys(teamRoles) as (keyof typeof teamRoles)[], {
  description: Object.entries(teamRoles)
    .map(([role, may]) => `${role}: ${may}`)
    .join("; "),
});
export type TeamRole = Static<typeof TeamRole>;

const order = Object.keys(teamRoles) as TeamRole[];

/** Whether whoever has `role` may do what asks for `needed`. */
export const reaches = (role: TeamRole, needed: TeamRole): boolean =>
  order.indexOf(role) >= order.indexOf(needed);
