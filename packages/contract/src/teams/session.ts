import { Type, type Static } from "typebox";

/** `POST /v1/session`: signs a browser in with an API key, which it need not keep. */
export const SessionCreate = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 256 }) },
  { additionalProperties: false },
);
export type SessionCreate = Static<typeof SessionCreate>;
