import { Type, type Static } from "typebox";

/** What nobody needs any more, and why. */
export const garbageKinds = {
  objects: "files of what was deleted",
  checkpoints:
    "checkpoints of runs that succeeded, were cancelled, or failed longer ago than the team keeps them",
  attempts: "attempts that ended, in whose folders files may be that nothing refers to",
  runs: "runs that were deleted, with log lines and points that are still there",
  folders: "folders of runs, uploads and datasets of which there is no row, unchanged for a week",
  logs: "log lines that are older than the team keeps them",
  metrics: "attempts whose metrics are to be down-sampled; of a sweep: points that were taken out",
  partitions: "days of points and weeks of log lines that no team needs, dropped whole",
  points: "series that were down-sampled, with points in a day that others still need",
  events: "events that are older than the team keeps them",
} as const;
export const GarbageKind = Type.Enum(Object.keys(garbageKinds) as (keyof typeof garbageKinds)[]);
export type GarbageKind = keyof typeof garbageKinds;

/** One kind of what the next sweep frees; of a sweep: what it has freed. */
export const Garbage = Type.Object({
  kind: GarbageKind,
  why: Type.String(),
  count: Type.Integer({ minimum: 0, description: "at most 1,000,000 are counted" }),
  bytes: Type.Optional(
    Type.Integer({ minimum: 0, description: "absent where nobody knows before it is freed" }),
  ),
});
export type Garbage = Static<typeof Garbage>;
