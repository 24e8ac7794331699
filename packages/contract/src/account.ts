import { Type, type Static } from "typebox";
import { idOf, Name } from "./id.ts";

export const quotaPeriods = ["day", "week", "month"] as const;

const Limit = (description: string) =>
  Type.Optional(
    Type.Union([Type.Number({ minimum: 0, maximum: 1e9 }), Type.Null()], {
      description: `${description}; null or absent: no limit`,
    }),
  );

/** Of a team. Devices are device units: a run that shares a device takes the part of its memory that it reserves. */
const TeamQuota = {
  devices: Limit("devices that are the team's own at any time"),
  borrowing: Limit("devices beyond those, while nobody entitled wants them; others may reclaim them"),
  queuedRuns: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1e9 }), Type.Null()], {
      description: "runs that take part in the order; the oldest do. null or absent: all",
    }),
  ),
  deviceHours: Limit("device hours of a period"),
};
const UserQuota = { devices: TeamQuota.devices, deviceHours: TeamQuota.deviceHours };
const Weight = Type.Number({
  exclusiveMinimum: 0,
  maximum: 1e6,
  description: "its share of the pool, next to those of the others; default 1",
});
const Period = Type.Enum(quotaPeriods, {
  description: "calendar period of the device hours, in UTC; default month",
});

const Account = {
  weight: Weight,
  period: Period,
  usedDeviceHours: Type.Number({ description: "of this period, running runs included" }),
  usage: Type.Number({ description: "decayed device seconds that the order goes by; half-life 7 days" }),
  runningDevices: Type.Number({ description: "device units held now" }),
  queuedRuns: Type.Integer(),
};

/** One user of a team, as the order sees them. */
export const UserAccount = Type.Object({
  id: idOf("user"),
  name: Name,
  ...Account,
  quota: Type.Object(UserQuota),
});
export type UserAccount = Static<typeof UserAccount>;

/** A team with its weight, its quota and what it has had. */
export const TeamAccount = Type.Object({
  id: idOf("team"),
  name: Name,
  ...Account,
  quota: Type.Object(TeamQuota),
  users: Type.Array(UserAccount),
  notes: Type.Array(Type.String(), { description: "what the quota means for what runs now" }),
});
export type TeamAccount = Static<typeof TeamAccount>;

/** `PUT /v1/teams/:name`: what is left out stays; null takes a limit away. */
export const TeamChange = Type.Object(
  { weight: Type.Optional(Weight), period: Type.Optional(Period), ...TeamQuota },
  { additionalProperties: false },
);
export type TeamChange = Static<typeof TeamChange>;

/** `PUT /v1/teams/:name/users/:user` */
export const UserChange = Type.Object(
  { weight: Type.Optional(Weight), period: Type.Optional(Period), ...UserQuota },
  { additionalProperties: false },
);
export type UserChange = Static<typeof UserChange>;
