import { Type, type Static } from "typebox";
import { ExperimentSpec } from "./experiment.ts";
import { idOf, Name, Timestamp } from "../id.ts";
import { ProblemDocument } from "../problem.ts";
import { RunCreate } from "../runs/run.ts";

const closed = { additionalProperties: false } as const;

/** What a schedule submits each time. */
export const Submission = Type.Union([
  Type.Object({ experiment: ExperimentSpec }, closed),
  Type.Object({ run: RunCreate }, closed),
]);
export type Submission = Static<typeof Submission>;

/** `POST /v1/schedules`. */
export const ScheduleCreate = Type.Object(
  {
    name: Name,
    cron: Type.String({
      maxLength: 256,
      description: "minute, hour, day of the month, month, day of the week, as crontab(5) has them",
    }),
    timezone: Type.Optional(
      Type.String({ maxLength: 64, default: "UTC", description: "IANA name, such as Europe/Berlin" }),
    ),
    submission: Submission,
  },
  closed,
);
export type ScheduleCreate = Static<typeof ScheduleCreate>;

/** What came of one due time: an experiment or a run, or the problem why there is none. */
export const Firing = Type.Object({
  dueAt: Timestamp,
  firedAt: Timestamp,
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
  submission: Submission,
  enabled: Type.Boolean({ description: "false: paused" }),
  nextAt: Type.Optional(Timestamp),
  last: Type.Optional(Firing),
  createdAt: Timestamp,
});
export type Schedule = Static<typeof Schedule>;
