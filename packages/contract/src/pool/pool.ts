import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { Alert } from "./alert.ts";
import { HoldCause } from "./device.ts";

const Count = Type.Integer({ minimum: 0 });
const Bytes = Type.Integer({ minimum: 0 });

/** Devices, or a whole worker, that take no new runs, and why. */
const HeldPart = Type.Object({
  worker: Type.String(),
  devices: Type.Array(Type.String(), { description: "their addresses; none: the whole worker" }),
  cause: Type.Union([HoldCause, Type.Literal("drain"), Type.Literal("lost")]),
  since: Timestamp,
  reason: Type.Optional(Type.String({ description: "operators only" })),
});
export type HeldPart = Static<typeof HeldPart>;

/** The connections of the database, and what the processes of the pool may want of them; operators only. */
const PoolConnections = Type.Object({
  max: Type.Integer({ description: "max_connections" }),
  allowed: Type.Integer({ description: "without those that are kept for superusers" }),
  used: Count,
  apis: Count,
  workers: Count,
  perApi: Type.Integer({ description: "what an API may hold at most" }),
  perWorker: Type.Integer({ description: "what a worker may hold at most" }),
  needed: Type.Integer({ description: "what they all may hold at most" }),
  fitting: Type.Integer({ description: "a max_connections that is enough, with some to spare" }),
  pooled: Type.Boolean({ description: "a pooler gives them out, so that only sessions are counted" }),
  holders: Type.Array(Type.Object({ application: Type.String(), count: Count }), {
    description: "who holds connections, most first",
  }),
});
export type PoolConnections = Static<typeof PoolConnections>;

/** `GET /v1/pool`: how the pool is. */
export const Pool = Type.Object({
  at: Type.Unsafe<string>({ ...Timestamp, description: "the time of the database" }),
  version: Type.String({ description: "of the API that answers" }),
  alerts: Type.Array(Alert, { description: "what is wrong, the worst first; none: all is well" }),
  workers: Type.Object({ active: Count, draining: Count, lost: Count }),
  devices: Type.Object({
    idle: Count,
    busy: Type.Integer({ minimum: 0, description: "that compute, also held ones" }),
    held: Type.Integer({ minimum: 0, description: "that take no new runs and do not compute" }),
    lost: Type.Integer({ minimum: 0, description: "of workers that are lost" }),
    open: Type.Integer({
      minimum: 0,
      description: "that take new runs, now or when what they compute has ended",
    }),
  }),
  held: Type.Array(HeldPart),
  queue: Type.Object({
    queued: Type.Integer({ minimum: 0, description: "runs that wait for devices" }),
    waiting: Type.Integer({ minimum: 0, description: "runs that wait for other runs" }),
    running: Type.Integer({ minimum: 0, description: "runs that have devices" }),
    oldest: Type.Optional(
      Type.Object(
        { queuedAt: Timestamp, runId: Type.Optional(Type.String({ description: "of your team" })) },
        { description: "that waits longest for devices and is not held" },
      ),
    ),
  }),
  dataFolder: Type.Object({
    state: Type.Enum(["ready", "full", "away"]),
    since: Timestamp,
    path: Type.Optional(Type.String({ description: "operators only, as the reason is" })),
    reason: Type.Optional(Type.String()),
    freeBytes: Type.Optional(Bytes),
    totalBytes: Type.Optional(Bytes),
  }),
  database: Type.Object({
    version: Type.String({ description: "of PostgreSQL" }),
    clockOffset: Type.Number({
      description: "seconds that the API's clock is ahead of the database's",
    }),
    connections: Type.Optional(PoolConnections),
  }),
  deliveryQueues: Type.Object({
    server: Type.Enum(["redis", "postgres"]),
    state: Type.Enum(["up", "away"]),
    since: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: "that it is away" })),
  }),
  scheduler: Type.Object({
    lastPassAt: Type.Optional(
      Type.Unsafe<string>({ ...Timestamp, description: "absent before the first one" }),
    ),
    secondsAgo: Type.Optional(Type.Number({ minimum: 0 })),
    leader: Type.Optional(
      Type.String({ description: "host and process of the API that leads; operators only" }),
    ),
    leadingSince: Type.Optional(Timestamp),
  }),
});
export type Pool = Static<typeof Pool>;

/** The scheduler makes a pass every two seconds; one that has made none for so many seconds is silent. */
export const schedulerSilence = 30;
