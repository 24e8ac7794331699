import { Type, type Static } from "typebox";
import { idOf, Name } from "../id.ts";

const quotaPeriods = ["day", "week", "month"] as const;

/** Runs of a team that may be WAITING or QUEUED where its quota says nothing else, so that one team cannot fill the pool's order. */
export const defaultPendingRuns = 20_000;

const Limit = (description: string) =>
  Type.Optional(
    Type.Union([Type.Number({ minimum: 0, maximum: 1e9 }), Type.Null()], {
      description: `${description}; null or absent: no limit`,
    }),
  );

/** Devices are counted in device units: a run that shares a device counts as the part of its memory that it reserves. */
const teamQuota = {
  devices: Limit("devices that are the team's own at any time"),
  borrowing: Limit("devices beyond those, while nobody entitled wants them; others may reclaim them"),
  queuedRuns: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1e9 }), Type.Null()], {
      description: "how many take part in the order, the oldest; null or absent: all",
    }),
  ),
  pendingRuns: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1e9 }), Type.Null()], {
      description: `runs that may be WAITING or QUEUED; a submission beyond them is refused. null or absent: ${defaultPendingRuns}`,
    }),
  ),
  deviceHours: Limit("device hours of a period"),
  bytes: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 }), Type.Null()], {
      description:
        "most that it may store; more uploads, datasets and runs are refused. null or absent: no limit",
    }),
  ),
};
export const TeamQuota = Type.Object(teamQuota);
const UserQuota = { devices: teamQuota.devices, deviceHours: teamQuota.deviceHours };
const Weight = Type.Number({
  minimum: 1e-6,
  maximum: 1e6,
  description: "its share of the pool, next to those of the others; default 1",
});
const Period = Type.Enum(quotaPeriods, {
  description: "calendar period of the device hours, in UTC; default month",
});

/** Which keys of a team may submit urgent runs: those with this role or more. */
export const UrgentFrom = Type.Enum(["member", "maintainer", "admin", "nobody"], {
  description: "role from which on keys may ask for class urgent; default member",
});
export type UrgentFrom = Static<typeof UrgentFrom>;

/** What a team and a user of it have in common. */
const Member = {
  weight: Weight,
  period: Period,
  usedDeviceHours: Type.Number({ description: "of this period, running runs included" }),
  usage: Type.Number({ description: "decayed device seconds, for the order; half-life 7 days" }),
  runningDevices: Type.Number({ description: "device units held now" }),
  queuedRuns: Type.Integer(),
};

/** A user of a team, with the weight, the quota and the usage that decide when their runs start. */
export const TeamUser = Type.Object({
  id: idOf("user"),
  name: Name,
  ...Member,
  quota: Type.Object(UserQuota),
});
export type TeamUser = Static<typeof TeamUser>;

/** A team with its weight, its quota and its usage. Everything that a key sees belongs to its team. */
export const Team = Type.Object({
  id: idOf("team"),
  name: Name,
  ...Member,
  quota: TeamQuota,
  storedBytes: Type.Integer({
    description: "models, datasets, uploads and artifacts; what is shared counts once",
  }),
  urgent: UrgentFrom,
  users: Type.Array(TeamUser),
  notes: Type.Array(Type.String(), { description: "what the quota means for what runs now" }),
});
export type Team = Static<typeof Team>;

/** `PUT /v1/teams/:name`. A field that is left out stays as it is; null removes a limit. */
export const TeamChange = Type.Object(
  {
    weight: Type.Optional(Weight),
    period: Type.Optional(Period),
    urgent: Type.Optional(UrgentFrom),
    ...teamQuota,
  },
  { additionalProperties: false },
);
export type TeamChange = Static<typeof TeamChange>;

/** `PUT /v1/teams/:name/users/:user` */
export const UserChange = Type.Object(
  { weight: Type.Optional(Weight), period: Type.Optional(Period), ...UserQuota },
  { additionalProperties: false },
);
export type UserChange = Static<typeof UserChange>;
