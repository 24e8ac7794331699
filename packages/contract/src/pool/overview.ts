import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { PriorityClass } from "../runs/scheduling.ts";
import { Pool } from "./pool.ts";

const Count = Type.Integer({ minimum: 0 });
const Part = Type.Number({ minimum: 0, maximum: 1 });

/** What somebody has had of the pool of late, next to what their weight entitles them to. */
const Share = Type.Object({
  name: Type.String(),
  used: Type.Unsafe<number>({ ...Part, description: "of all that was used of late; half-life 7 days" }),
  fair: Type.Unsafe<number>({ ...Part, description: "by weight" }),
  devices: Type.Number({ minimum: 0, description: "device units held now" }),
});

/** `GET /v1/overview`: what a person looks at first. Of other teams there are numbers alone. */
export const Overview = Type.Object({
  at: Timestamp,
  alerts: Pool.properties.alerts,
  workers: Pool.properties.workers,
  devices: Pool.properties.devices,
  queue: Type.Array(
    Type.Object({
      class: PriorityClass,
      queued: Type.Unsafe<number>({ ...Count, description: "of all teams" }),
      own: Count,
      running: Type.Unsafe<number>({ ...Count, description: "of all teams" }),
      oldest: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: "since when one waits" })),
    }),
    { description: "one for each class" },
  ),
  team: Share,
  users: Type.Array(Share, { description: "of the team; `used` and `fair` are parts of the team's" }),
  ended: Type.Array(Type.Object({ hour: Timestamp, succeeded: Count, failed: Count }), {
    description: "the team's ended runs, by hours of the last 24; hours without any are left out",
  }),
});
export type Overview = Static<typeof Overview>;
