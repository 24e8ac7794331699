import { nameFrom, Problem } from "@espalier/contract";
import type { Membership, OidcSettings } from "./settings.ts";

/** What the provider says of a person. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** The teams that somebody is in by the groups, in the order of the settings; nobody is in one without being told so. */
export function membershipsOf(
  claims: Claims,
  { groupsClaim, teams, allowedGroups }: OidcSettings,
): Membership[] {
  const groups = [claims[groupsClaim]].flat().filter((each) => typeof each === "string");
  if (allowedGroups.length > 0 && !allowedGroups.some((each) => groups.includes(each))) return [];
  return Object.entries(teams)
    .filter(([group]) => group === "*" || groups.includes(group))
    .map(([, membership]) => membership);
}

/**
 * The one team that a session is for: the wanted one, else the first.
 * @throws {Problem} `auth/forbidden`
 */
export function membershipOf(claims: Claims, settings: OidcSettings, wanted?: string): Membership {
  const all = membershipsOf(claims, settings);
  const found = wanted === undefined ? all[0] : all.find(({ team }) => team === wanted);
  if (found) return found;
  const who = nameOf(claims, settings);
  throw new Problem(
    "auth/forbidden",
    all.length === 0
      ? `${settings.issuer.host} knows you as ${who}, and none of your groups has a team here; ask whoever runs the service to name one in ESPALIER_OIDC_TEAMS.`
      : `You are not in the team ${String(wanted)}; your groups give you ${all.map(({ team }) => team).join(", ")}.`,
  );
}

/** What a user is called here: by the claim of the settings, else by the address of mail, else by the provider's own id. */
export function nameOf(claims: Claims, { userClaim }: Pick<OidcSettings, "userClaim">): string {
  for (const value of [claims[userClaim], claims["email"], claims.sub]) {
    const name =
      typeof value === "string"
        ? nameFrom(value)
            .slice(0, 100)
            .replace(/[^\p{L}\p{N}]+$/u, "")
        : "";
    // `default` is nobody in particular.
    if (name !== "" && name !== "default") return name;
  }
  return "somebody";
}
