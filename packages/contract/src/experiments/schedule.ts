import { Type, type Static } from "typebox";
import { ExperimentSpec } from "./experiment.ts";
import { idOf, Name, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";
import { ProblemDocument } from "../problem.ts";
import { RunCreate } from "../runs/run.ts";

const closed = { additionalProperties: false } as const;

/** What a schedule submits each time. */
export const Submission = Type.Union([
  Type.Object({ experiment: ExperimentSpec }, closed),
  Type.Object({ run: RunCreate }, closed),
]);
export type Submission = Static<typeof Submission>;

/**
 * What a schedule does when it is due and what it has submitted before has not ended (`concurrencyPolicy` of Kubernetes has
 * the first, second and fourth):
 * - allow: submits all the same
 * - skip: submits nothing this time
 * - queue: submits when the old one has ended; of the times that come meanwhile, the first waits and the others are skipped
 * - replace: cancels the old one and submits
 */
const overlapPolicies = ["allow", "skip", "queue", "replace"] as const;
const OverlapPolicy = Type.Enum(overlapPolicies, {
  description:
    "when the last one has not ended: allow both (default), skip this time, queue this one, or replace (cancel) the old one",
});
export type OverlapPolicy = (typeof overlapPolicies)[number];

const Cron = Type.String({
  maxLength: 256,
  description:
    "five fields as of crontab(5): *, numbers, ranges, lists, steps of * or of a range, names of months and days",
});
const timezone = { maxLength: 64, description: "IANA name, such as Europe/Berlin" } as const;

/** `PATCH /v1/schedules/:id`; what is left out stays. */
export const ScheduleChange = Type.Object(
  {
    cron: Type.Optional(Cron),
    timezone: Type.Optional(Type.String(timezone)),
    overlap: Type.Optional(OverlapPolicy),
  },
  { ...closed, minProperties: 1 },
);
export type ScheduleChange = Static<typeof ScheduleChange>;

/** `POST /v1/schedules`. */
export const ScheduleCreate = Type.Object(
  {
    name: Name,
    cron: Cron,
    timezone: Type.Optional(Type.String({ ...timezone, default: "UTC" })),
    overlap: Type.Optional(OverlapPolicy),
    submission: Submission,
  },
  closed,
);
export type ScheduleCreate = Static<typeof ScheduleCreate>;

/** What came of one due time: an experiment or a run, or why there is none. */
export const Firing = Type.Object({
  dueAt: Timestamp,
  firedAt: Timestamp,
  outcome: Type.Enum(["submitted", "waiting", "skipped", "failed"], {
    description: "waiting: for the end of `blockedBy`; skipped: because of it; failed: `problem` says why",
  }),
  blockedBy: Type.Optional(Type.String({ description: "the run or experiment that had not ended then" })),
  replaced: Type.Optional(
    Type.Array(Type.String(), { description: "runs and experiments that it cancelled" }),
  ),
  experimentId: Type.Optional(idOf("experiment")),
  runId: Type.Optional(idOf("run")),
  problem: Type.Optional(ProblemDocument),
});
export type Firing = Static<typeof Firing>;

/**
 * A submission that repeats. Each due time fires exactly once, whatever stops in between; of the times that passed while
 * nobody could fire, the first fires, late, and the others are left out.
 */
export const Schedule = Type.Object({
  id: idOf("schedule"),
  name: Name,
  cron: Type.String(),
  timezone: Type.String(),
  overlap: OverlapPolicy,
  submission: Submission,
  enabled: Type.Boolean({ description: "false: paused" }),
  nextAt: Type.Optional(Timestamp),
  problem: Type.Optional(
    Type.Unsafe<ProblemDocument>({
      ...ProblemDocument,
      description:
        "why it is not due after `nextAt`: this release refuses its expression or time zone, which an earlier one took",
    }),
  ),
  last: Type.Optional(Firing),
  createdAt: Timestamp,
  createdBy: CreatedBy,
});
export type Schedule = Static<typeof Schedule>;
