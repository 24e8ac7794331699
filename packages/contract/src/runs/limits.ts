import { Type, type Static } from "typebox";

/** The longest limit, in seconds: a year. */
const most = 366 * 86_400;

/** What a run may use at most. */
export const Limits = Type.Object(
  {
    wallSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: most,
        description:
          "seconds of computing since its submission or last retry, without attempts that the pool failed; then it FAILS with `run/wall-time`; default: no limit",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Limits = Static<typeof Limits>;

/** Changes of limits; null takes one away. */
export const LimitsChange = Type.Object(
  { wallSeconds: Type.Optional(Type.Union([Limits.properties.wallSeconds, Type.Null()])) },
  { additionalProperties: false },
);
