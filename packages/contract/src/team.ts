import { Type, type Static } from "typebox";
import { idOf, Name, Timestamp } from "./id.ts";

/** Everything that a key sees belongs to its team. */
export const Team = Type.Object({ id: idOf("team"), name: Name, createdAt: Timestamp });
export type Team = Static<typeof Team>;

/** An API key as listed; the secret itself is shown once, when the key is made. */
export const ApiKey = Type.Object({
  id: idOf("key"),
  teamId: idOf("team"),
  name: Name,
  createdAt: Timestamp,
  lastUsedAt: Type.Optional(Timestamp),
  revokedAt: Type.Optional(Timestamp),
});
export type ApiKey = Static<typeof ApiKey>;
