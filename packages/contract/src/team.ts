import { Type, type Static } from "typebox";
import { idOf, Name, Timestamp } from "./id.ts";

/** Everything that a key sees belongs to its team. */
export const Team = Type.Object({ id: idOf("team"), name: Name, createdAt: Timestamp });
export type Team = Static<typeof Team>;

/** An operator may drain workers, cordon devices and set quotas, and sees the whole pool. */
export const KeyRole = Type.Enum(["member", "operator"]);
export type KeyRole = Static<typeof KeyRole>;

/** `POST /v1/teams/:name/keys`: makes the team and the user where they are missing. */
export const KeyCreate = Type.Object(
  {
    name: Name,
    user: Type.Optional(Type.Unsafe<string>({ ...Name, description: "whose it is; default `default`" })),
    role: Type.Optional(KeyRole),
  },
  { additionalProperties: false },
);
export type KeyCreate = Static<typeof KeyCreate>;

/** An API key as listed; the secret itself is shown once, when the key is made. */
export const ApiKey = Type.Object({
  id: idOf("key"),
  teamId: idOf("team"),
  userId: Type.Optional(idOf("user")),
  name: Name,
  role: KeyRole,
  createdAt: Timestamp,
  lastUsedAt: Type.Optional(Timestamp),
  revokedAt: Type.Optional(Timestamp),
});
export type ApiKey = Static<typeof ApiKey>;
