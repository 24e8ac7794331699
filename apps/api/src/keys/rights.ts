import { momentOf, Problem, reaches, type ApiKey } from "@espalier/contract";
import type { Store } from "@espalier/store";
import type { Principal } from "../auth/principal.ts";

type Teams = Store["teams"];

/**
 * The team whose keys are asked for: the caller's own, or for an operator any.
 * @throws {Problem} `resource/not-found`, whether there is such a team or not
 */
export async function teamFor(teams: Teams, by: Principal, name: string | undefined): Promise<string> {
  if (name === undefined || name === by.teamName) return by.teamId;
  if (by.operator) return (await teams.get(name)).id;
  throw new Problem("resource/not-found", "There is no such team for this key.");
}

/** An admin sees all keys of its team and an operator all of others; everybody else sees those of their user. */
export const seenKeys = ({ teamId, userId, role }: Principal, ofTeam: string): { userId?: string } =>
  teamId !== ofTeam || role === "admin" ? {} : { userId: userId ?? "" };

/**
 * The key, where the caller may do this to it. An admin may with all keys of its team; everybody else with those of their user that may
 * no more than theirs, where the user is a person: the keys of `default` are many people's, and each may only with itself. Operators'
 * keys are for operators, who may also revoke any team's keys, but not rotate them, which would open what they open.
 * @throws {Problem} `resource/not-found` for a key that the caller does not see, `auth/forbidden` for one that it may not change
 */
export async function keyFor(
  teams: Teams,
  by: Principal,
  keyId: string,
  what: "rotate" | "revoke",
): Promise<ApiKey> {
  if (by.operator && what === "revoke") return teams.getKey(undefined, keyId);
  const key = await teams.getKey(by.teamId, keyId);
  const itself = key.id === by.keyId;
  if (!itself && by.role !== "admin" && key.userId !== by.userId)
    throw new Problem("resource/not-found", `There is no key ${keyId}.`);
  if (key.operator && !by.operator)
    throw new Problem("auth/forbidden", `Key ${keyId} is an operator's; only an operator may ${what} it.`);
  if (!itself && by.role !== "admin" && (by.userName === "default" || !reaches(by.role, key.role)))
    throw new Problem("auth/forbidden", `Only an admin's key may ${what} key ${keyId}.`);
  return key;
}

/** @throws {Problem} where a new key would end before now, or later than the old one for whom that is not to decide */
export function checkExpiry(by: Principal, old: ApiKey, expiresAt: string | undefined): void {
  if (expiresAt === undefined) return;
  refusePast(expiresAt);
  const ends = old.expiresAt === undefined ? Infinity : Date.parse(old.expiresAt);
  if (by.role !== "admin" && momentOf(expiresAt).getTime() > ends)
    throw new Problem("auth/forbidden", `Only an admin lets a key end later than ${old.expiresAt}.`, {
      field: "/expiresAt",
    });
}

/** @throws {Problem} `request/invalid` for a time that is over */
export function refusePast(expiresAt: string | undefined): void {
  if (expiresAt !== undefined && momentOf(expiresAt).getTime() <= Date.now())
    throw new Problem("request/invalid", "/expiresAt is past; give a time that is still to come.", {
      field: "/expiresAt",
    });
}
