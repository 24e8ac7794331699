import { teamRoles, type KeyCreate, type TeamRole } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { parseDuration } from "./duration.ts";
import { given } from "./settings.ts";

/** Options of a key that is made. */
export const keyOptions = {
  user: { type: "string" },
  role: { type: "string" },
  operator: { type: "boolean" },
  expires: { type: "string" },
} as const;

export const keyHelp = [
  "--user NAME          whose key it is; default `default`, which is nobody in particular",
  `--role ROLE          ${Object.keys(teamRoles).join(", ")}; default member`,
  "--expires TIME       when it ends by itself: after 90d or 12h, or on 2027-01-31; default never",
  "--operator           apart from its role, it may do what the pool's operators do",
];

interface KeyValues {
  user?: string | undefined;
  role?: string | undefined;
  operator?: boolean | undefined;
  expires?: string | undefined;
}

/** What the service is asked for. An operator's key is an admin's too where no role is named. */
export function parseKey({ user, role, operator, expires }: KeyValues): Omit<KeyCreate, "name"> {
  return given({
    user,
    role: parseRole(role) ?? (operator ? "admin" : undefined),
    operator,
    expiresAt: parseExpiry(expires),
  });
}

function parseRole(role: string | undefined): TeamRole | undefined {
  if (role === undefined || role in teamRoles) return role as TeamRole | undefined;
  throw new UsageError(`--role must be one of ${Object.keys(teamRoles).join(", ")}, not \`${role}\``);
}

/** A time from now on, or a date, as RFC 3339. */
export function parseExpiry(text: string | undefined, now = Date.now()): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const at = new Date(text);
    if (Number.isNaN(at.getTime()))
      throw new UsageError(`--expires must be a date such as 2027-01-31, not \`${text}\``);
    return at.toISOString();
  }
  return new Date(now + 1000 * parseDuration("expires", text)).toISOString();
}
