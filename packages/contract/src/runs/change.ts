import { Type, type Static } from "typebox";
import { Timestamp } from "../id.ts";
import { RunLabelsChange } from "./label.ts";
import { LimitsChange } from "./limits.ts";
import { PriorityClass } from "./scheduling.ts";

/**
 * `PATCH /v1/experiments/:id` and of an array, for all of its runs: what may change after the submission. What is left out
 * stays. A class changes only before the run starts, because a run is charged by its class; the priority and the limits at
 * any time before it succeeds. A run that ended without success may be retried, so it may be changed too.
 */
export const RunChange = Type.Object(
  {
    class: Type.Optional(PriorityClass),
    priority: Type.Optional(
      Type.Integer({ minimum: -1000, maximum: 1000, description: "higher first among the runs of one user" }),
    ),
    limits: Type.Optional(LimitsChange),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type RunChange = Static<typeof RunChange>;

/**
 * `PATCH /v1/runs/:id`: as {@link RunChange}, and whether somebody holds the run, which may change before it starts; its name, its
 * tags and its notes may change at any time.
 */
export const RunPatch = Type.Object(
  {
    ...RunChange.properties,
    hold: Type.Optional(Type.Boolean({ description: "true: it does not start until it is released" })),
    ...RunLabelsChange,
  },
  { additionalProperties: false, minProperties: 1 },
);
export type RunPatch = Static<typeof RunPatch>;

/** Who holds a run, so that it does not start, and since when. */
export const RunHold = Type.Object({
  at: Timestamp,
  by: Type.String({ description: "the id of a key, and its name" }),
});
export type RunHold = Static<typeof RunHold>;
