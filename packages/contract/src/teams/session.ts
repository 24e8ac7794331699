import { Type, type Static } from "typebox";

/** `POST /v1/session`: signs a browser in with an API key, which it need not keep. */
export const SessionCreate = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 256 }) },
  { additionalProperties: false },
);
export type SessionCreate = Static<typeof SessionCreate>;

/** `DELETE /v1/session`, of somebody who has signed in by an OpenID provider that can end its own session too. */
export const SignedOut = Type.Object({
  next: Type.String({ description: "where the provider ends the sign-in, and leads back from" }),
});
export type SignedOut = Static<typeof SignedOut>;

/** `GET /v1/session`: how a browser can sign in. */
export const SignInWays = Type.Object({
  key: Type.Boolean({ description: "`POST /v1/session` takes an API key" }),
  oidc: Type.Optional(
    Type.Object(
      { host: Type.String(), start: Type.String() },
      {
        description:
          "an OpenID provider, and the service's path that leads there; it takes `to`, where to come back to, and `team`",
      },
    ),
  ),
});
export type SignInWays = Static<typeof SignInWays>;
