import { Name, TeamRole } from "@espalier/contract";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";

const Membership = Type.Object(
  { team: Name, role: TeamRole, operator: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
/** What a group of the provider gives: a role in a team, and whether that of a pool operator too. */
export type Membership = Static<typeof Membership>;
const Memberships = Type.Record(Type.String({ minLength: 1 }), Membership);

/** How browsers sign in by an OpenID provider. */
export interface OidcSettings {
  /** Its address, below which it describes itself (`/.well-known/openid-configuration`). */
  issuer: URL;
  clientId: string;
  /** Absent: a public client, which has PKCE alone. */
  clientSecret?: string;
  /** Beside `openid`. */
  scopes: string;
  /** The claim that lists a person's groups. */
  groupsClaim: string;
  /** The claim by which a user is called who is made at the first sign-in. */
  userClaim: string;
  /** By group, in the order in which they count; `*` is everybody's. */
  teams: Readonly<Record<string, Membership>>;
  /** Who is in none of these is refused, whatever the teams say; empty: nobody is. */
  allowedGroups: readonly string[];
}

export const oidcEnvironment = {
  ESPALIER_OIDC_ISSUER: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_OIDC_CLIENT_ID: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_OIDC_CLIENT_SECRET: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_OIDC_SCOPES: Type.String({ default: "profile email" }),
  ESPALIER_OIDC_GROUPS_CLAIM: Type.String({ minLength: 1, default: "groups" }),
  ESPALIER_OIDC_USER_CLAIM: Type.String({ minLength: 1, default: "preferred_username" }),
  ESPALIER_OIDC_TEAMS: Type.Optional(Type.String({ minLength: 1 })),
  ESPALIER_OIDC_ALLOWED_GROUPS: Type.Optional(Type.String({ minLength: 1 })),
};
type OidcEnvironment = Static<ReturnType<typeof environment>>;
const environment = () => Type.Object(oidcEnvironment);

/** @throws {Error} that says which setting is missing or wrong; undefined where no provider is named */
export function readOidc(env: OidcEnvironment): OidcSettings | undefined {
  if (env.ESPALIER_OIDC_ISSUER === undefined) return undefined;
  const { ESPALIER_OIDC_CLIENT_ID: clientId, ESPALIER_OIDC_CLIENT_SECRET: clientSecret } = env;
  if (clientId === undefined)
    throw incomplete("ESPALIER_OIDC_CLIENT_ID is missing beside ESPALIER_OIDC_ISSUER");
  const teams = jsonOf("ESPALIER_OIDC_TEAMS", env.ESPALIER_OIDC_TEAMS ?? "{}");
  if (!Value.Check(Memberships, teams))
    throw incomplete(
      `ESPALIER_OIDC_TEAMS has to be JSON such as {"ml-team": {"team": "nlp", "role": "member"}}, with roles of ${TeamRole.enum.join(", ")}`,
    );
  const allowedGroups = jsonOf("ESPALIER_OIDC_ALLOWED_GROUPS", env.ESPALIER_OIDC_ALLOWED_GROUPS ?? "[]");
  if (!Value.Check(Type.Array(Type.String()), allowedGroups))
    throw incomplete('ESPALIER_OIDC_ALLOWED_GROUPS has to be JSON such as ["staff"]');
  return {
    issuer: issuerOf(env.ESPALIER_OIDC_ISSUER),
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    scopes: env.ESPALIER_OIDC_SCOPES,
    groupsClaim: env.ESPALIER_OIDC_GROUPS_CLAIM,
    userClaim: env.ESPALIER_OIDC_USER_CLAIM,
    teams,
    allowedGroups,
  };
}

const incomplete = (what: string) => new Error(`The environment is not complete: ${what}.`);

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw incomplete(`${name} is no JSON`);
  }
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function issuerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && loopback.test(url.hostname))) return url;
  throw incomplete(`ESPALIER_OIDC_ISSUER is "${text}"; give an address by https, or one on loopback`);
}
