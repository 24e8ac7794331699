import type { TeamRole } from "@espalier/contract";

const order = ["viewer", "member", "maintainer", "admin"] as const satisfies readonly TeamRole[];

/** Whether whoever has `role` may do what asks for `needed`. */
export const reaches = (role: TeamRole, needed: TeamRole): boolean =>
  order.indexOf(role) >= order.indexOf(needed);
