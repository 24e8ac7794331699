import { Type, type Static } from "typebox";
import { idOf, Name, PageQuery, Timestamp } from "../id.ts";
import { TeamRole } from "./role.ts";

const Operator = Type.Boolean({
  description:
    "beside its role: what a pool operator may do (teams, weights, quotas, workers, garbage), without other teams' data",
});

/** `POST /v1/keys`, `POST /v1/teams/:name/keys`. The user is made if there is none of this name. */
export const KeyCreate = Type.Object(
  {
    name: Name,
    user: Type.Optional(Type.Unsafe<string>({ ...Name, description: "whose it is; default `default`" })),
    role: Type.Optional(Type.Unsafe<TeamRole>({ ...TeamRole, default: "member" })),
    operator: Type.Optional(Operator),
    expiresAt: Type.Optional(
      Type.Unsafe<string>({ ...Timestamp, description: "when it ends by itself; default: never" }),
    ),
  },
  { additionalProperties: false },
);
export type KeyCreate = Static<typeof KeyCreate>;

/** An API key as it is listed. The secret itself is shown once, when the key is made. */
export const ApiKey = Type.Object({
  id: idOf("key"),
  teamId: idOf("team"),
  userId: Type.Optional(idOf("user")),
  name: Name,
  role: TeamRole,
  operator: Operator,
  session: Type.Optional(
    Type.Object(
      { idleSeconds: Type.Integer({ minimum: 1 }) },
      {
        description:
          "a browser's session, carried by its cookie; ends at `expiresAt`, when unused for so long, and with the key that opened it",
      },
    ),
  ),
  createdAt: Timestamp,
  expiresAt: Type.Optional(Timestamp),
  lastUsedAt: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: "to the minute" })),
  revokedAt: Type.Optional(Timestamp),
});
export type ApiKey = Static<typeof ApiKey>;

/** A new key with its text, which is not stored and cannot be shown again. */
export const NewApiKey = Type.Object({ key: ApiKey, text: Type.String() });
export type NewApiKey = Static<typeof NewApiKey>;

const overlapSeconds = { default: 86_400, most: 30 * 86_400 };

/** `POST /v1/keys/:keyId/rotate` */
export const KeyRotate = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: overlapSeconds.most,
        default: overlapSeconds.default,
        description: "for which the old key still works",
      }),
    ),
    expiresAt: Type.Optional(
      Type.Unsafe<string>({
        ...Timestamp,
        description: "of the new key; default: that of the old one; later only for admins",
      }),
    ),
  },
  { additionalProperties: false },
);
export type KeyRotate = Static<typeof KeyRotate>;

/** `GET /v1/keys` */
export const KeyQuery = Type.Object(
  {
    ...PageQuery.properties,
    ended: Type.Optional(
      Type.Boolean({ default: false, description: "also those that were revoked or have ended" }),
    ),
    sessions: Type.Optional(Type.Boolean({ default: false, description: "also browsers' sessions" })),
    team: Type.Optional(Type.Unsafe<string>({ ...Name, description: "another team, for operators" })),
  },
  { additionalProperties: false },
);
export type KeyQuery = Partial<Static<typeof KeyQuery>>;
