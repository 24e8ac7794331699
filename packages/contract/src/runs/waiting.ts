import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";

const Count = Type.Integer({ minimum: 0 });
const Bytes = Type.Integer({ minimum: 0, description: "per device, margin included" });
const Ids = Type.Array(Type.String());
/** Runs of other teams are counted, never named. */
const Runs = {
  runIds: Type.Array(Type.String(), { description: "of your team" }),
  others: Type.Optional(Type.Integer({ minimum: 1, description: "runs of other teams" })),
};
const Quota = {
  quota: Type.Enum(["devices", "device-hours", "queued-runs"]),
  limit: Type.Number(),
  used: Type.Number(),
  needs: Type.Number(),
};
const of = <Code extends string, Facts extends object>(code: Code, facts: Facts) =>
  Type.Object({ code: Type.Literal(code), ...facts });

/**
 * Why a run waits, with the facts. This is the one list of reasons: the scheduler's type is derived from it, and
 * `docs/scheduling.md` has the same codes.
 */
export const WaitingReason = Type.Union([
  of("starting", { workerId: Type.Optional(Type.String()) }),
  of("held", { at: Timestamp, by: Type.String({ description: "the id of a key, and its name" }) }),
  of("not-yet-due", { at: Timestamp }),
  of("dependency", { runIds: Ids }),
  of("array-limit", { limit: Count }),
  of("no-device-fits", {
    needsBytes: Type.Optional(Bytes),
    largestBytes: Bytes,
    needsDevices: Count,
    mostDevices: Count,
  }),
  of("worker-missing", { kinds: Ids, labels: Ids }),
  of("device-cordoned", { deviceIds: Ids }),
  of("team-quota", Quota),
  of("user-quota", Quota),
  of("held-for-aged", Runs),
  of("held-for-head", { ...Runs, until: Timestamp }),
  of("gang-incomplete", { needs: Count, available: Count }),
  of("waiting-for-memory", { needsBytes: Bytes, freeBytes: Bytes }),
  of("fair-share-behind", { share: Type.Number(), fair: Type.Number() }),
  of("waiting-for-device", { matching: Count, ahead: Count }),
  of("preempting", { ...Runs, until: Timestamp }),
]);
export type WaitingReason = Static<typeof WaitingReason>;

/** What would let a run start, the likeliest first. */
export const Unblock = Type.Union([
  Type.Object({ by: Type.Literal("worker") }),
  Type.Object({ by: Type.Literal("time"), at: Timestamp }),
  Type.Object({ by: Type.Literal("runs"), ...Runs }),
  Type.Object({ by: Type.Literal("turn"), ahead: Count }),
  Type.Object({ by: Type.Literal("quota") }),
  Type.Object({ by: Type.Literal("release") }),
  Type.Object({ by: Type.Literal("device"), deviceIds: Ids }),
  Type.Object({ by: Type.Literal("request") }),
]);
export type Unblock = Static<typeof Unblock>;

/** Earliest, likely and latest: the tenth, fiftieth and ninetieth percentile. */
export const ExpectedStart = Type.Object({ earliest: Timestamp, likely: Timestamp, latest: Timestamp });
export type ExpectedStart = Static<typeof ExpectedStart>;

/** Why a run has not started. */
export const Waiting = Type.Object({
  reason: WaitingReason,
  detail: Type.String({ description: "the reason as a sentence" }),
  since: Type.Optional(Timestamp),
  position: Type.Optional(
    Type.Integer({ minimum: 1, description: "1 is next; absent where it lacks more than its turn" }),
  ),
  unblockedBy: Type.Array(Unblock),
  expectedStart: Type.Optional(
    Type.Unsafe<ExpectedStart>({ ...ExpectedStart, description: "absent: never, or it cannot be told" }),
  ),
});
export type Waiting = Static<typeof Waiting>;
